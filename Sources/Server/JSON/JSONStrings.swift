/// Reads an array of strings.
enum JSONStrings {
  /// The strings of the array in `range`, which a scanner has found to be well-formed; `nil` where
  /// an element is none.
  static func read(_ bytes: Span<UInt8>, _ range: Range<Int>) -> [String]? {
    let end = range.upperBound - 1
    let text = bytes.extracting(0..<end)
    var strings: [String] = []
    var index = JSONScanner.skipWhiteSpace(in: text, from: range.lowerBound + 1)
    while index < end {
      guard text[index] == UInt8(ascii: "\""),
        let stop = try? JSONScanner.endOfValue(in: text, from: index, outerDepth: 1)
      else { return nil }
      strings.append(JSONString.decode(text, index..<stop))
      index = JSONScanner.skipWhiteSpace(in: text, from: stop)
      // The comma.
      index = JSONScanner.skipWhiteSpace(in: text, from: min(end, index + 1))
    }
    return strings
  }
}
