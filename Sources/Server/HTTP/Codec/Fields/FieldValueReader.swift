/// Reads the parts that field values are made of, from left to right (RFC 9110 section 5.6).
struct FieldValueReader: Sendable {
  private var rest: ArraySlice<UInt8>

  init(_ bytes: ArraySlice<UInt8>) {
    rest = bytes
  }

  var isAtEnd: Bool { rest.isEmpty }

  /// Skips spaces and tabs.
  mutating func skipBlanks() {
    rest = rest.drop(while: Octets.isBlank)
  }

  /// Skips `byte` if it comes next.
  mutating func take(_ byte: UInt8) -> Bool {
    guard rest.first == byte else { return false }
    rest = rest.dropFirst()
    return true
  }

  /// The token that comes next; nil if none does.
  mutating func token() -> String? {
    let bytes = rest.prefix(while: Octets.isToken)
    guard !bytes.isEmpty else { return nil }
    rest = rest.dropFirst(bytes.count)
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The text within the quoted string that comes next, its escapes resolved; nil if none does or
  /// it has no end.
  mutating func quotedString() -> String? {
    guard take(UInt8(ascii: "\"")) else { return nil }
    var text: [UInt8] = []
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "\"") { return String(decoding: text, as: UTF8.self) }
      if byte == UInt8(ascii: "\\") {
        guard let escaped = rest.popFirst() else { return nil }
        text.append(escaped)
      } else {
        text.append(byte)
      }
    }
    return nil
  }

  /// The members of a comma-separated list, without blanks around them. A comma within a quoted
  /// string does not separate; empty members are left out.
  static func members(_ bytes: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
    var members: [ArraySlice<UInt8>] = []
    var start = bytes.startIndex
    var isQuoted = false
    var isEscaped = false
    for index in bytes.indices {
      let byte = bytes[index]
      if isEscaped {
        isEscaped = false
      } else if isQuoted, byte == UInt8(ascii: "\\") {
        isEscaped = true
      } else if byte == UInt8(ascii: "\"") {
        isQuoted.toggle()
      } else if byte == Octets.comma, !isQuoted {
        members.append(Octets.trimmed(bytes[start..<index]))
        start = index + 1
      }
    }
    members.append(Octets.trimmed(bytes[start...]))
    return members.filter { !$0.isEmpty }
  }
}
