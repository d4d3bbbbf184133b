/// A point on the monotonic clock, in nanoseconds since an arbitrary start. It never runs backwards
/// and knows nothing of the calendar; two instants of one process (or one simulation) compare.
public struct MonotonicInstant: Sendable, Hashable, Comparable {
  /// Nanoseconds since the clock's start.
  public var nanoseconds: UInt64

  /// An instant at so many nanoseconds after the clock's start.
  public init(nanoseconds: UInt64) {
    self.nanoseconds = nanoseconds
  }

  /// Whether `left` comes before `right`.
  public static func < (left: Self, right: Self) -> Bool {
    left.nanoseconds < right.nanoseconds
  }

  /// The instant that lies `duration` after this one; saturates at the ends of the clock.
  public static func + (instant: Self, duration: Duration) -> Self {
    let delta = duration.nanoseconds
    if delta < 0 {
      let back = UInt64(-delta)
      return Self(nanoseconds: instant.nanoseconds > back ? instant.nanoseconds - back : 0)
    }
    let (sum, overflow) = instant.nanoseconds.addingReportingOverflow(UInt64(delta))
    return Self(nanoseconds: overflow ? .max : sum)
  }

  /// The time from `right` to `left`, negative where `left` comes first.
  public static func - (left: Self, right: Self) -> Duration {
    left >= right
      ? .nanoseconds(Int64(clamping: left.nanoseconds - right.nanoseconds))
      : .nanoseconds(-Int64(clamping: right.nanoseconds - left.nanoseconds))
  }
}

extension Duration {
  /// The whole nanoseconds of this duration, held at the ends of `Int64` (292 years).
  public var nanoseconds: Int64 {
    let (seconds, attoseconds) = components
    let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    if overflow { return seconds < 0 ? .min + 1 : .max }
    let (sum, carried) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000)
    if carried { return seconds < 0 ? .min + 1 : .max }
    return sum
  }

  /// The whole milliseconds of this duration.
  public var milliseconds: Int64 { nanoseconds / 1_000_000 }

  /// This duration in seconds, as metrics want it.
  public var inSeconds: Double { Double(nanoseconds) / 1e9 }
}
