import Testing

@testable import FanfareRuntime

private final class Target: TimerTarget {
  let number: Int
  init(_ number: Int) { self.number = number }
  func timerFired() {}
}

/// The wheel against a plain list of deadlines.
@Suite struct TimerWheelTests {
  @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 8] as [UInt64])
  func firesWhatAListWouldFire(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var now = MonotonicInstant(nanoseconds: 1_000_000_007)
    var wheel = TimerWheel(now: now)
    var model: [Int: (deadline: MonotonicInstant, token: TimerToken)] = [:]
    let tick = Duration.nanoseconds(Int64(TimerWheel.tickNanoseconds))
    for number in 0..<4_000 {
      switch Int.random(in: 0..<10, using: &random) {
      case 0..<5:
        let delay = Duration.milliseconds(Int64.random(in: 0...90_000, using: &random))
        model[number] = (now + delay, wheel.schedule(at: now + delay, Target(number)))
      case 5:
        guard let victim = model.keys.sorted().randomElement(using: &random) else { continue }
        wheel.cancel(model.removeValue(forKey: victim)?.token ?? .none)
      default:
        if let next = wheel.nextDeadline {
          let earliest = model.values.map(\.deadline).min() ?? now
          #expect(next <= earliest + tick, "seed \(seed)")
        }
        now = now + .milliseconds(Int64.random(in: 0...5_000, using: &random))
        for token in wheel.due(at: now) {
          guard let target = wheel.take(token) as? Target else { continue }
          let entry = model.removeValue(forKey: target.number)
          #expect(entry.map { $0.deadline <= now } == true, "seed \(seed): early or twice")
        }
        let late = model.values.filter { $0.deadline + tick + tick < now }
        #expect(late.isEmpty, "seed \(seed): \(late.count) never fired")
      }
      #expect(wheel.count == model.count, "seed \(seed)")
    }
  }
}
