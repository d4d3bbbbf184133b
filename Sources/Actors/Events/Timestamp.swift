/// Calendar time in UTC, as events carry it.
package enum Timestamp {
  /// Appends RFC 3339 with milliseconds: `2026-05-04T03:02:01.000Z`.
  package static func append(milliseconds: Int64, to bytes: inout [UInt8]) {
    let days = floorDivide(milliseconds, 86_400_000)
    let inDay = milliseconds - days * 86_400_000
    let date = civil(days: days)
    append(date.year, digits: 4, to: &bytes)
    bytes.append(UInt8(ascii: "-"))
    append(date.month, digits: 2, to: &bytes)
    bytes.append(UInt8(ascii: "-"))
    append(date.day, digits: 2, to: &bytes)
    bytes.append(UInt8(ascii: "T"))
    append(inDay / 3_600_000, digits: 2, to: &bytes)
    bytes.append(UInt8(ascii: ":"))
    append(inDay / 60_000 % 60, digits: 2, to: &bytes)
    bytes.append(UInt8(ascii: ":"))
    append(inDay / 1000 % 60, digits: 2, to: &bytes)
    bytes.append(UInt8(ascii: "."))
    append(inDay % 1000, digits: 3, to: &bytes)
    bytes.append(UInt8(ascii: "Z"))
  }

  /// As ``append(milliseconds:to:)``.
  package static func text(milliseconds: Int64) -> String {
    var bytes: [UInt8] = []
    append(milliseconds: milliseconds, to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The proleptic Gregorian date, so many days after 1970-01-01. Years are counted from March in
  /// cycles of 400, in which the leap day comes last and every month has a fixed place.
  package static func civil(days: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let shifted = days + 719_468
    let cycle = floorDivide(shifted, 146_097)
    let inCycle = shifted - cycle * 146_097
    let yearInCycle =
      (inCycle - inCycle / 1_460 + inCycle / 36_524 - inCycle / 146_096) / 365
    let inYear = inCycle - (365 * yearInCycle + yearInCycle / 4 - yearInCycle / 100)
    let monthFromMarch = (5 * inYear + 2) / 153
    let day = inYear - (153 * monthFromMarch + 2) / 5 + 1
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    let year = yearInCycle + cycle * 400 + (month <= 2 ? 1 : 0)
    return (year, month, day)
  }

  private static func append(_ value: Int64, digits: Int, to bytes: inout [UInt8]) {
    var divisor: Int64 = 1
    for _ in 1..<digits { divisor *= 10 }
    while divisor > 0 {
      bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value / divisor % 10))
      divisor /= 10
    }
  }

  private static func floorDivide(_ value: Int64, _ divisor: Int64) -> Int64 {
    value >= 0 ? value / divisor : (value - divisor + 1) / divisor
  }

  /// The milliseconds since 1970 of a time as RFC 3339 writes it, up to the year 9999; `nil` for
  /// anything else. What is finer than a millisecond is left out; a leap second counts as the next
  /// second.
  package static func milliseconds(_ text: String) -> Int64? {
    let bytes = Array(text.utf8)
    // YYYY-MM-DDTHH:MM:SS and at least Z.
    guard (20...40).contains(bytes.count), bytes[4] == UInt8(ascii: "-"),
      bytes[7] == UInt8(ascii: "-"), bytes[10] | 0x20 == UInt8(ascii: "t"),
      bytes[13] == UInt8(ascii: ":"), bytes[16] == UInt8(ascii: ":"),
      let year = number(bytes[0..<4]), let month = number(bytes[5..<7]),
      let day = number(bytes[8..<10]), let hour = number(bytes[11..<13]),
      let minute = number(bytes[14..<16]), let second = number(bytes[17..<19]),
      (1...12).contains(month), day >= 1, hour < 24, minute < 60, second < 61
    else { return nil }
    let days = self.days(year: year, month: month, day: day)
    let date = civil(days: days)
    // A day that its month does not have is another one of the next month.
    guard date.month == month, date.day == day else { return nil }
    var rest = bytes[19...]
    var fraction: Int64 = 0
    if rest.first == UInt8(ascii: ".") {
      let digits = rest.dropFirst().prefix { (0x30...0x39).contains($0) }
      guard !digits.isEmpty else { return nil }
      fraction = digits.prefix(3).reduce(0) { $0 * 10 + Int64($1 - 0x30) }
      for _ in digits.count..<max(3, digits.count) { fraction *= 10 }
      rest = rest.dropFirst(1 + digits.count)
    }
    guard let offset = offsetMinutes(Array(rest)) else { return nil }
    let minutes = days * 1_440 + hour * 60 + minute - offset
    return (minutes * 60 + second) * 1_000 + fraction
  }

  private static func number(_ digits: ArraySlice<UInt8>) -> Int64? {
    var value: Int64 = 0
    for digit in digits {
      guard (0x30...0x39).contains(digit) else { return nil }
      value = value * 10 + Int64(digit - 0x30)
    }
    return value
  }

  /// How far a clock is ahead of UTC, from `Z` or `+02:00`.
  private static func offsetMinutes(_ text: [UInt8]) -> Int64? {
    if text.count == 1 { return text[0] | 0x20 == UInt8(ascii: "z") ? 0 : nil }
    guard text.count == 6, text[3] == UInt8(ascii: ":"), let hours = number(text[1..<3]),
      let minutes = number(text[4..<6]), hours < 24, minutes < 60
    else { return nil }
    switch text[0] {
    case UInt8(ascii: "+"): return hours * 60 + minutes
    case UInt8(ascii: "-"): return -(hours * 60 + minutes)
    default: return nil
    }
  }

  /// The days from 1970-01-01 to a date: ``civil(days:)`` the other way.
  private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
    let shifted = month <= 2 ? year - 1 : year
    let cycle = floorDivide(shifted, 400)
    let yearInCycle = shifted - cycle * 400
    let monthFromMarch = (month + 9) % 12
    let inYear = (153 * monthFromMarch + 2) / 5 + day - 1
    let inCycle = yearInCycle * 365 + yearInCycle / 4 - yearInCycle / 100 + inYear
    return cycle * 146_097 + inCycle - 719_468
  }
}
