extension JSONScanner {
  /// The end of the string whose opening quote stands at `start`, behind its closing quote.
  static func endOfString(in text: Span<UInt8>, from start: Int) throws(JSONFault) -> Int {
    var index = start + 1
    while index < text.count {
      let byte = text[index]
      if isPlain(byte) {
        index += 1
      } else if byte == UInt8(ascii: "\"") {
        return index + 1
      } else if byte == UInt8(ascii: "\\") {
        index = try JSONEscape.end(in: text, from: index)
      } else if byte >= 0x80 {
        index = try endOfUTF8Sequence(in: text, from: index)
      } else {
        throw JSONFault(offset: index, kind: .controlByteInString)
      }
    }
    throw JSONFault(offset: index, kind: .endedEarly)
  }

  /// Whether the byte stands for itself in a string and is a whole character.
  @inline(__always)
  static func isPlain(_ byte: UInt8) -> Bool {
    byte &- 0x20 < 0x60 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
  }

  /// The end of a character of two to four bytes. Overlong forms, surrogates and what lies past
  /// U+10FFFF are refused: the second byte is held to the bounds of Unicode's table 3-7.
  @inline(__always)
  private static func endOfUTF8Sequence(
    in text: Span<UInt8>, from start: Int
  ) throws(JSONFault) -> Int {
    let length: Int
    var allowed: ClosedRange<UInt8> = 0x80...0xBF
    switch text[start] {
    case 0xC2...0xDF: length = 2
    case 0xE0: (length, allowed) = (3, 0xA0...0xBF)
    case 0xED: (length, allowed) = (3, 0x80...0x9F)
    case 0xE1...0xEF: length = 3
    case 0xF0: (length, allowed) = (4, 0x90...0xBF)
    case 0xF1...0xF3: length = 4
    case 0xF4: (length, allowed) = (4, 0x80...0x8F)
    default: throw JSONFault(offset: start, kind: .badUTF8)
    }
    for index in start + 1..<start + length {
      guard index < text.count else { throw JSONFault(offset: index, kind: .endedEarly) }
      guard allowed.contains(text[index]) else {
        throw JSONFault(offset: start, kind: .badUTF8)
      }
      allowed = 0x80...0xBF
    }
    return start + length
  }
}
