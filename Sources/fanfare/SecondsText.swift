import FanfareRuntime

/// A wait as a note tells it: `1.2 s`.
enum SecondsText {
  static func of(_ delay: Duration) -> String {
    let tenths = (delay.milliseconds + 50) / 100
    return "\(tenths / 10).\(tenths % 10) s"
  }
}
