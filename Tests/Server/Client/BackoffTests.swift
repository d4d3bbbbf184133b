import FanfareRuntime
import Testing

@testable import FanfareServer

struct BackoffTests {
  @Test func doublesItsRangeUpToTheCapAndUsesAllOfIt() {
    let seed = UInt64.random(in: .min ... .max)
    var random = SeededGenerator(seed: seed)
    var sums = [Duration](repeating: .zero, count: 9)
    let rounds = 2_000
    for _ in 0..<rounds {
      var backoff = Backoff()
      for failure in 0..<9 {
        let range = min(Duration.seconds(1 << failure), .seconds(30))
        let delay = backoff.next(told: nil, &random)
        #expect(delay >= .zero && delay <= range, "seed \(seed)")
        sums[failure] += delay
      }
    }
    for (failure, sum) in sums.enumerated() {
      let mean = (sum / rounds).inSeconds / min(Double(1 << failure), 30)
      #expect((0.45...0.55).contains(mean), "failure \(failure), seed \(seed)")
    }
  }

  @Test func waitsNoLessThanTold() {
    var random = SeededGenerator(seed: 1)
    var backoff = Backoff()
    #expect(backoff.next(told: .seconds(7), &random) == .seconds(7))
    #expect(backoff.next(told: .seconds(1_000_000), &random) == Backoff.toldMax)
  }

  @Test func beginsAnewAfterASuccess() {
    var random = SeededGenerator(seed: 1)
    for _ in 0..<100 {
      var backoff = Backoff()
      for _ in 0..<8 { _ = backoff.next(told: nil, &random) }
      backoff.reset()
      #expect(backoff.next(told: nil, &random) <= Backoff.base)
    }
  }
}
