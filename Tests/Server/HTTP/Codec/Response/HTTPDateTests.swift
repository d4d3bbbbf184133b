import Testing

@testable import FanfareServer

@Suite struct HTTPDateTests {
  @Test(arguments: [
    (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"), (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
    (-1, "Thu, 01 Jan 1970 00:00:00 GMT"), (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
    (4_107_542_399, "Sun, 28 Feb 2100 23:59:59 GMT"),
    (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
    (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 GMT"), (.max, "Fri, 31 Dec 9999 23:59:59 GMT"),
  ])
  func writes(seconds: Int, text: String) {
    #expect(HTTPDate.imfFixdate(unixSeconds: seconds) == text)
  }

  /// Against a calendar that counts days one by one, over a whole cycle of 400 years.
  @Test func followsTheCalendar() {
    let names = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(separator: " ")
    let weekdays = "Thu Fri Sat Sun Mon Tue Wed".split(separator: " ")
    var days = 0
    for year in 1970..<2371 {
      let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
      let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
      for (month, length) in lengths.enumerated() {
        // The first and last of each month stand for the days between them.
        for day in [1, length] {
          let number = days + day - 1
          let text = HTTPDate.imfFixdate(unixSeconds: number * 86_400 + 3_661)
          let padded = day < 10 ? "0\(day)" : "\(day)"
          #expect(
            text == "\(weekdays[number % 7]), \(padded) \(names[month]) \(year) 01:01:01 GMT")
        }
        days += length
      }
    }
  }
}
