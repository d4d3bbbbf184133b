import FanfareRuntime
import FanfareTestKit
import Testing

@testable import FanfareServer

@Suite struct MessageRateTests {
  private static func instant(_ milliseconds: Int) -> MonotonicInstant {
    MonotonicInstant(nanoseconds: UInt64(1_000_000_000 + milliseconds * 1_000_000))
  }

  @Test func aSecondsMessagesAtOnceThenRefusalsThenTheEnd() {
    var rate = MessageRate(perSecond: 5, now: Self.instant(0))
    let first = (0..<12).map { _ in rate.take(at: Self.instant(0)) }
    #expect(
      first == [MessageRate.Decision](repeating: .allowed, count: 5)
        + [MessageRate.Decision](repeating: .refused, count: 5) + [.hostile, .hostile])
  }

  @Test func whoKeepsToTheRateIsNeverRefused() {
    var rate = MessageRate(perSecond: 10, now: Self.instant(0))
    for number in 0..<1_000 {
      #expect(rate.take(at: Self.instant(number * 100)) == .allowed, "\(number)")
    }
    // A quiet hour saves up no more than a second's messages.
    let later = Self.instant(3_600_000)
    let burst = (0..<11).map { _ in rate.take(at: later) }
    #expect(burst.dropLast().allSatisfy { $0 == .allowed } && burst.last == .refused)
  }

  @Test(arguments: 1...10 as ClosedRange<UInt64>)
  func neverMoreThanTheRateAllows(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let perSecond = random.int(1...50)
    var rate = MessageRate(perSecond: perSecond, now: Self.instant(0))
    var now = 0
    var allowed: [Int] = []
    for _ in 0..<600 {
      now += random.isOne(in: 20) ? random.below(3_000) : random.below(60)
      if rate.take(at: Self.instant(now)) == .allowed { allowed.append(now) }
    }
    // Within any second: what was saved up, and what came in it.
    for (index, start) in allowed.enumerated() {
      let count = allowed[index...].prefix { $0 < start + 1_000 }.count
      #expect(count <= 2 * perSecond, "seed \(seed)")
    }
    #expect(allowed.count >= min(600, perSecond), "seed \(seed)")
    #expect(allowed.count <= perSecond + perSecond * now / 1_000 + 1, "seed \(seed)")
  }
}
