/// One escape in a JSON string (RFC 8259 section 7).
enum JSONEscape {
  /// The end of the escape whose backslash stands at `start`.
  static func end(in text: Span<UInt8>, from start: Int) throws(JSONFault) -> Int {
    guard start + 1 < text.count else {
      throw JSONFault(offset: text.count, kind: .endedEarly)
    }
    let letter = text[start + 1]
    guard letter == UInt8(ascii: "u") else {
      guard byte(ofLetter: letter) != nil else { throw JSONFault(offset: start, kind: .badEscape) }
      return start + 2
    }
    for index in start + 2..<start + 6 {
      guard index < text.count else { throw JSONFault(offset: index, kind: .endedEarly) }
      guard hexDigit(text[index]) != nil else { throw JSONFault(offset: start, kind: .badEscape) }
    }
    return start + 6
  }

  /// The byte that a backslash and this letter stand for.
  static func byte(ofLetter letter: UInt8) -> UInt8? {
    switch letter {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): letter
    case UInt8(ascii: "b"): 0x08
    case UInt8(ascii: "f"): 0x0C
    case UInt8(ascii: "n"): 0x0A
    case UInt8(ascii: "r"): 0x0D
    case UInt8(ascii: "t"): 0x09
    default: nil
    }
  }

  /// The UTF-16 code unit of the `\u` escape whose backslash stands at `start`, or nil if none
  /// stands there.
  static func codeUnit(in text: Span<UInt8>, from start: Int) -> UInt16? {
    guard start + 6 <= text.count, text[start] == UInt8(ascii: "\\"),
      text[start + 1] == UInt8(ascii: "u")
    else { return nil }
    var unit: UInt16 = 0
    for index in start + 2..<start + 6 {
      guard let digit = hexDigit(text[index]) else { return nil }
      unit = unit << 4 | UInt16(digit)
    }
    return unit
  }

  private static func hexDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}
