/// The date format of HTTP (RFC 9110 section 5.6.7).
enum HTTPDate {
  private static let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
  private static let months = [
    "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec", "Jan", "Feb",
  ]

  /// The last second of the year 9999; the format has four digits for the year.
  private static let secondsMax = 253_402_300_799

  /// `unixSeconds` as an IMF-fixdate: `Sun, 06 Nov 1994 08:49:37 GMT`. Times before 1970 and after
  /// 9999 are written as the nearest of those.
  static func imfFixdate(unixSeconds: Int) -> String {
    let seconds = min(max(unixSeconds, 0), secondsMax)
    let (days, time) = seconds.quotientAndRemainder(dividingBy: 86_400)

    // Years are counted from March, so that the leap day is a year's last one. 719,468 days lie
    // between 0000-03-01 and 1970-01-01, and every 400 years have 146,097.
    let (cycle, dayOfCycle) = (days + 719_468).quotientAndRemainder(dividingBy: 146_097)
    let leapDays = dayOfCycle / 1_460 - dayOfCycle / 36_524 + dayOfCycle / 146_096
    let yearOfCycle = (dayOfCycle - leapDays) / 365
    let dayOfYear = dayOfCycle - (yearOfCycle * 365 + yearOfCycle / 4 - yearOfCycle / 100)
    // From March on, five months have 153 days, over and over.
    let month = (dayOfYear * 5 + 2) / 153
    let day = dayOfYear - (month * 153 + 2) / 5 + 1
    let year = cycle * 400 + yearOfCycle + (month >= 10 ? 1 : 0)

    let clock = [time / 3_600, time / 60 % 60, time % 60].map { padded($0, 2) }
    return "\(weekdays[days % 7]), \(padded(day, 2)) \(months[month]) \(padded(year, 4)) "
      + clock.joined(separator: ":") + " GMT"
  }

  private static func padded(_ number: Int, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}
