import FanfareRuntime
import FanfareTestKit
import Testing

@testable import FanfareActors

@Suite struct RetryPlanTests {
  @Test func theLongestWaitDoublesUpToTheCap() {
    let plan = RetryPlan(base: .seconds(1), cap: .seconds(600))
    let longest = (1...12).map { plan.longest(afterFailures: $0).milliseconds / 1_000 }
    #expect(longest == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600])
  }

  @Test func noNumberOfFailuresOverflows() {
    var random = SeededGenerator(seed: 1)
    let plans = [
      RetryPlan(), RetryPlan(base: .seconds(86_400 * 365), cap: .seconds(86_400 * 3_650)),
      RetryPlan(base: .milliseconds(1), cap: .seconds(1)), RetryPlan(base: .zero, cap: .zero),
    ]
    for plan in plans {
      for failures in [0, 1, 2, 39, 40, 41, 62, 63, 64, 65, 1_000, .max] {
        let wait = plan.delay(afterFailures: failures, &random)
        #expect(wait >= .zero && wait <= plan.cap, "\(failures): \(wait)")
      }
      #expect(plan.longest(afterFailures: .max) == (plan.base == .zero ? .zero : plan.cap))
    }
  }

  @Test func aWaitIsNeverAboveTheCap() {
    for seed in 1...200 as ClosedRange<UInt64> {
      var random = SeededGenerator(seed: seed)
      let plan = RetryPlan(
        base: .milliseconds(random.below(5_000)), cap: .milliseconds(random.below(20_000)))
      for failures in 1...30 {
        let bound = min(
          Double(plan.cap.milliseconds),
          Double(plan.base.milliseconds)
            * Double(sign: .plus, exponent: failures - 1, significand: 1))
        let wait = plan.delay(afterFailures: failures, &random)
        #expect(wait >= .zero && Double(wait.milliseconds) <= bound, "seed \(seed)")
      }
    }
  }

  @Test func aWaitThatWasAskedForIsKeptTo() {
    let plan = RetryPlan(base: .seconds(1), cap: .seconds(600))
    for seed in 1...300 as ClosedRange<UInt64> {
      var random = SeededGenerator(seed: seed)
      let wanted = Duration.milliseconds(random.below(4_000_000))
      let failures = random.int(1...20)
      let wait = plan.delay(afterFailures: failures, wanted: wanted, &random)
      #expect(wait >= wanted)
      #expect(wait <= max(wanted, plan.longest(afterFailures: failures)))
    }
    var random = SeededGenerator(seed: 1)
    let days = plan.delay(afterFailures: 1, wanted: .seconds(30 * 86_400), &random)
    #expect(days == .seconds(7 * 86_400))
    #expect(plan.delay(afterFailures: 1, wanted: .seconds(-5), &random) >= .zero)
  }

  /// Full jitter: every share of the wait is as likely as any other.
  @Test func waitsAreSpreadEvenly() {
    let plan = RetryPlan(base: .seconds(1), cap: .seconds(600))
    var buckets = [Int](repeating: 0, count: 10)
    for seed in 1...20_000 as ClosedRange<UInt64> {
      var random = SeededGenerator(seed: seed)
      let wait = plan.delay(afterFailures: 8, &random).milliseconds
      buckets[min(9, Int(wait * 10 / 128_000))] += 1
    }
    // 2,000 in each; six standard deviations are 255.
    #expect(buckets.allSatisfy { (1_745...2_255).contains($0) }, "\(buckets)")
  }
}
