/// Whole numbers as settings write them: digits only, without sign, separator or space.
enum DecimalDigits {
  /// The value of `text`, or nil if it is not all digits or is more than `max`.
  static func value(of text: some StringProtocol, max: Int) -> Int? {
    guard !text.isEmpty else { return nil }
    var value = 0
    for byte in text.utf8 {
      guard UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte else { return nil }
      let (tenfold, overflow) = value.multipliedReportingOverflow(by: 10)
      let digit = Int(byte - UInt8(ascii: "0"))
      guard !overflow, tenfold <= max - digit else { return nil }
      value = tenfold + digit
    }
    return value
  }
}
