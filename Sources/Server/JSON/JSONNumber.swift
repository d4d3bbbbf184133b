/// Reads a scanned JSON number.
enum JSONNumber {
  /// The number as an integer, exact or not at all: nil if it has a fraction or an exponent (`1.0`
  /// too) or does not fit.
  ///
  /// - Parameter range: the value as ``JSONScanner`` found it.
  static func int(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int? {
    let isNegative = !range.isEmpty && bytes[range.lowerBound] == UInt8(ascii: "-")
    let digits = range.dropFirst(isNegative ? 1 : 0)
    guard !digits.isEmpty else { return nil }
    // Built below zero, because the least integer has no positive counterpart.
    var negated = 0
    for index in digits {
      let digit = bytes[index] &- UInt8(ascii: "0")
      guard digit < 10 else { return nil }
      let (product, isTooLarge) = negated.multipliedReportingOverflow(by: 10)
      let (difference, isTooLow) = product.subtractingReportingOverflow(Int(digit))
      guard !isTooLarge, !isTooLow else { return nil }
      negated = difference
    }
    guard !isNegative else { return negated }
    return negated == .min ? nil : -negated
  }

  /// The nearest double, or nil if it would be infinite.
  ///
  /// - Parameter range: the value as ``JSONScanner`` found it.
  static func double(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Double? {
    guard let value = Double(JSONString.plain(bytes.extracting(range))), value.isFinite else {
      return nil
    }
    return value
  }
}
