/// Reads a scanned JSON string.
enum JSONString {
  /// The text of a string, its escapes resolved. A surrogate without its other half becomes U+FFFD.
  ///
  /// - Parameter range: the value as ``JSONScanner`` found it, quotes included.
  static func decode(_ bytes: Span<UInt8>, _ range: Range<Int>) -> String {
    let content = bytes.extracting(range.lowerBound + 1..<range.upperBound - 1)
    for index in content.indices where content[index] == UInt8(ascii: "\\") {
      return unescape(content, firstEscape: index)
    }
    return plain(content)
  }

  /// The text of bytes without escapes.
  static func plain(_ content: Span<UInt8>) -> String {
    do {
      return String(copying: try UTF8Span(validating: content))
    } catch {
      // The scanner has refused such bytes; whoever skipped it gets a repaired text.
      return String(decoding: copy(content, 0..<content.count), as: UTF8.self)
    }
  }

  private static func unescape(_ content: Span<UInt8>, firstEscape: Int) -> String {
    var text = copy(content, 0..<firstEscape)
    text.reserveCapacity(content.count)
    var index = firstEscape
    while index < content.count {
      let byte = content[index]
      if byte != UInt8(ascii: "\\") || index + 1 == content.count {
        text.append(byte)
        index += 1
      } else if let unit = JSONEscape.codeUnit(in: content, from: index) {
        index += 6
        let low = JSONEscape.codeUnit(in: content, from: index)
        if UTF16.isLeadSurrogate(unit), let low, UTF16.isTrailSurrogate(low) {
          index += 6
          let value = 0x10000 + UInt32(unit & 0x3FF) << 10 + UInt32(low & 0x3FF)
          append(Unicode.Scalar(value), to: &text)
        } else {
          append(Unicode.Scalar(unit), to: &text)
        }
      } else {
        let letter = content[index + 1]
        text.append(JSONEscape.byte(ofLetter: letter) ?? letter)
        index += 2
      }
    }
    return String(decoding: text, as: UTF8.self)
  }

  private static func append(_ scalar: Unicode.Scalar?, to text: inout [UInt8]) {
    text.append(contentsOf: UTF8.encode(scalar ?? "\u{FFFD}") ?? UTF8.encodedReplacementCharacter)
  }

  private static func copy(_ content: Span<UInt8>, _ range: Range<Int>) -> [UInt8] {
    guard !range.isEmpty else { return [] }
    return [UInt8](capacity: range.count) { output in
      for index in range { output.append(content[index]) }
    }
  }
}
