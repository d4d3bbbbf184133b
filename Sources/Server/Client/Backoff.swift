import FanfareRuntime

/// How long a client waits before it tries again: exponential, with full jitter, so that the
/// clients of a server that was away do not come back in step.
struct Backoff: Sendable {
  /// The range of the first wait.
  static let base = Duration.seconds(1)
  /// The range of the longest waits.
  static let cap = Duration.seconds(30)
  /// The longest wait that a server can impose.
  static let toldMax = Duration.seconds(300)

  private var failures = 0

  /// The wait after one more failure: anything from zero to the range, which doubles every time,
  /// but never less than the server told.
  mutating func next(
    told: Duration?, _ random: inout some RandomNumberGenerator
  ) -> Duration {
    let doublings = min(failures, 5)
    failures += 1
    let range = min(Self.base * (1 << doublings), Self.cap)
    let jitter = Duration.milliseconds(Int64.random(in: 0...range.milliseconds, using: &random))
    return max(jitter, min(told ?? .zero, Self.toldMax))
  }

  /// It went well: the next failure is a first one.
  mutating func reset() { failures = 0 }
}
