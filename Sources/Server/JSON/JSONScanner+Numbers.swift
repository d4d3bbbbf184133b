extension JSONScanner {
  /// The end of the number that begins at `start` (RFC 8259 section 6).
  static func endOfNumber(in text: Span<UInt8>, from start: Int) throws(JSONFault) -> Int {
    var index = start
    if text[index] == UInt8(ascii: "-") { index += 1 }
    if index < text.count, text[index] == UInt8(ascii: "0") {
      index += 1
      if index < text.count, isDigit(text[index]) {
        throw JSONFault(offset: index, kind: .badNumber)
      }
    } else {
      index = try endOfDigits(in: text, from: index)
    }
    if index < text.count, text[index] == UInt8(ascii: ".") {
      index = try endOfDigits(in: text, from: index + 1)
    }
    if index < text.count, text[index] | 0x20 == UInt8(ascii: "e") {
      index += 1
      if index < text.count, text[index] == UInt8(ascii: "+") || text[index] == UInt8(ascii: "-") {
        index += 1
      }
      index = try endOfDigits(in: text, from: index)
    }
    return index
  }

  /// The end of the word whose first letter stands at `start`.
  ///
  /// - Parameter rest: the other letters, the next one in the lowest byte.
  static func endOfWord(
    in text: Span<UInt8>, from start: Int, rest: UInt32
  ) throws(JSONFault) -> Int {
    var index = start + 1
    var rest = rest
    while rest != 0 {
      guard index < text.count else { throw JSONFault(offset: index, kind: .endedEarly) }
      guard text[index] == UInt8(truncatingIfNeeded: rest) else {
        throw JSONFault(offset: start, kind: .badLiteral)
      }
      index += 1
      rest >>= 8
    }
    return index
  }

  /// The end of the one or more digits that must stand at `start`.
  private static func endOfDigits(
    in text: Span<UInt8>, from start: Int
  ) throws(JSONFault) -> Int {
    var index = start
    while index < text.count, isDigit(text[index]) { index += 1 }
    guard index > start else {
      throw JSONFault(offset: index, kind: index < text.count ? .badNumber : .endedEarly)
    }
    return index
  }

  @inline(__always)
  private static func isDigit(_ byte: UInt8) -> Bool {
    byte &- UInt8(ascii: "0") < 10
  }
}
