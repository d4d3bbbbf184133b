/// Takes one JSON array apart that a scanner has found to be well-formed.
enum JSONArrayReader {
  /// Where the elements of the array in `range` lie, in their order.
  static func elements(of bytes: Span<UInt8>, in range: Range<Int>) -> [Range<Int>]? {
    var ranges: [Range<Int>] = []
    var index = JSONScanner.skipWhiteSpace(in: bytes, from: range.lowerBound + 1)
    while index < range.upperBound - 1 {
      guard let end = try? JSONScanner.endOfValue(in: bytes, from: index, outerDepth: 1) else {
        return nil
      }
      ranges.append(index..<end)
      let comma = JSONScanner.skipWhiteSpace(in: bytes, from: end)
      index = JSONScanner.skipWhiteSpace(in: bytes, from: comma + 1)
    }
    return ranges
  }

  /// The texts of the array in `range`; `nil` where an element is no string.
  static func strings(of bytes: Span<UInt8>, in range: Range<Int>) -> [String]? {
    guard let ranges = elements(of: bytes, in: range) else { return nil }
    var strings: [String] = []
    for range in ranges {
      guard bytes[range.lowerBound] == UInt8(ascii: "\"") else { return nil }
      strings.append(JSONString.decode(bytes, range))
    }
    return strings
  }
}
