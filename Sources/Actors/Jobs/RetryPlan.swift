import FanfareRuntime

/// When a failed job is tried again: after `min(cap, base · 2ⁿ)`, of which the job waits a random
/// share (full jitter), so that those that failed together do not come back together.
public struct RetryPlan: Sendable, Equatable {
  /// The longest wait after the first failure; 1 ms to a day.
  ///
  /// The default is 1 second.
  public var base = Duration.seconds(1)
  /// The longest wait after any failure; at least ``base``, at most 30 days.
  ///
  /// The default is 10 minutes.
  public var cap = Duration.seconds(600)

  /// The plan that everyone starts with.
  public init() {}

  /// A plan with these waits.
  public init(base: Duration, cap: Duration) {
    self.base = base
    self.cap = cap
  }

  /// The wait after failure number `failures`, from 1.
  ///
  /// - Parameter wanted: what the failure itself asked for (`Retry-After`), which is kept to: the
  ///   wait is not shorter. At most 7 days.
  package func delay(
    afterFailures failures: Int, wanted: Duration? = nil, _ random: inout some RandomNumberGenerator
  ) -> Duration {
    let bound = longest(afterFailures: failures).milliseconds
    let jittered = Duration.milliseconds(Int64.random(in: 0...max(0, bound), using: &random))
    return max(jittered, min(wanted ?? .zero, .seconds(7 * 86_400)))
  }

  /// `min(cap, base · 2ⁿ)`, n counted from 0.
  func longest(afterFailures failures: Int) -> Duration {
    // Beyond 2⁴⁰ every base is above every cap.
    let doublings = min(max(failures, 1) - 1, 40)
    let (product, overflow) = base.milliseconds.multipliedReportingOverflow(by: 1 << doublings)
    return overflow ? cap : min(cap, .milliseconds(product))
  }
}
