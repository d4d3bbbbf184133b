/// Checks a text for being UTF-8 (RFC 3629) while it arrives in pieces.
struct UTF8Checker {
  /// The bytes that the character under way still needs.
  private var needed = 0
  /// What the next byte may be: the second byte of a character is bounded by the first.
  private var range: ClosedRange<UInt8> = 0x80...0xBF

  /// Whether the text may end here.
  var isAtBoundary: Bool { needed == 0 }

  /// Takes the bytes from `start` on. Returns whether all can be the beginning of UTF-8.
  mutating func accepts(_ bytes: [UInt8], from start: Int) -> Bool {
    var index = start
    while index < bytes.count {
      let byte = bytes[index]
      index += 1
      if needed == 0 {
        if byte < 0x80 { continue }
        guard begin(byte) else { return false }
      } else {
        guard range.contains(byte) else { return false }
        needed -= 1
        range = 0x80...0xBF
      }
    }
    return true
  }

  private mutating func begin(_ byte: UInt8) -> Bool {
    switch byte {
    case 0xC2...0xDF: needed = 1
    case 0xE0...0xEF:
      needed = 2
      // Neither overlong forms nor surrogates.
      if byte == 0xE0 { range = 0xA0...0xBF }
      if byte == 0xED { range = 0x80...0x9F }
    case 0xF0...0xF4:
      needed = 3
      if byte == 0xF0 { range = 0x90...0xBF }
      if byte == 0xF4 { range = 0x80...0x8F }
    default: return false
    }
    return true
  }
}
