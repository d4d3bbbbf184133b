import FanfareActors

/// The date format of HTTP (RFC 9110 section 5.6.7).
enum HTTPDate {
  private static let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  /// The last second of the year 9999; the format has four digits for the year.
  private static let secondsMax = 253_402_300_799

  /// `unixSeconds` as an IMF-fixdate: `Sun, 06 Nov 1994 08:49:37 GMT`. Times before 1970 and after
  /// 9999 are written as the nearest of those.
  static func imfFixdate(unixSeconds: Int) -> String {
    let seconds = min(max(unixSeconds, 0), secondsMax)
    let (days, time) = seconds.quotientAndRemainder(dividingBy: 86_400)

    let date = Timestamp.civil(days: Int64(days))
    let clock = [time / 3_600, time / 60 % 60, time % 60].map { padded($0, 2) }
    let month = months[Int(date.month) - 1]
    return "\(weekdays[days % 7]), \(padded(Int(date.day), 2)) \(month) "
      + "\(padded(Int(date.year), 4)) "
      + clock.joined(separator: ":") + " GMT"
  }

  private static func padded(_ number: Int, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}
