/// Time spans as settings write them: `250ms`, `15s`, `10m`, `1h`, `7d`.
enum DurationText {
  // `ms` stands before `s` and `m`, which are its own last and first letter.
  private static let units = [
    ("d", 86_400_000), ("h", 3_600_000), ("ms", 1), ("m", 60_000), ("s", 1_000),
  ]

  private static let descending = units.sorted { $0.1 > $1.1 }

  /// The time span that `text` names, or nil if it does not name one.
  static func duration(_ text: String) -> Duration? {
    for (suffix, unit) in units where text.hasSuffix(suffix) {
      let digits = text.dropLast(suffix.count)
      return DecimalDigits.value(of: digits, max: .max / unit).map { .milliseconds($0 * unit) }
    }
    return nil
  }

  /// The shortest text that names the time span exactly. One that is not of whole milliseconds has
  /// none and gets a text that ``duration(_:)`` refuses.
  static func text(_ duration: Duration) -> String {
    guard let total = milliseconds(duration) else { return "\(duration)" }
    guard total != 0 else { return "0s" }
    for (suffix, unit) in descending where total.isMultiple(of: unit) {
      return "\(total / unit)\(suffix)"
    }
    return "\(duration)"
  }

  private static func milliseconds(_ duration: Duration) -> Int? {
    let (seconds, attoseconds) = duration.components
    let attosecondsPerMillisecond: Int64 = 1_000_000_000_000_000
    guard attoseconds.isMultiple(of: attosecondsPerMillisecond) else { return nil }
    let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000)
    guard !overflow else { return nil }
    let sum = whole.addingReportingOverflow(attoseconds / attosecondsPerMillisecond)
    return sum.overflow ? nil : Int(sum.partialValue)
  }
}
