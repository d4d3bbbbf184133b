/// A field to be written in a head. It cannot break out of its line, whatever it was made from.
struct HeaderField: Sendable, Equatable {
  let name: String
  let value: String

  /// Control bytes of `value` (CR and LF among them) become spaces, and bytes of `name` that no
  /// token may hold become `-`: text from a peer never adds a field or ends a head.
  init(_ name: String, _ value: String) {
    self.name =
      !name.isEmpty && name.utf8.allSatisfy(Octets.isToken)
      ? name
      : "-" + String(decoding: name.utf8.map { Octets.isToken($0) ? $0 : 0x2d }, as: UTF8.self)
    self.value = value.utf8.allSatisfy(HeaderField.isValueByte) ? value : HeaderField.clean(value)
  }

  /// Appends the field's line with its CRLF.
  func append(to output: inout [UInt8]) {
    output += name.utf8
    output += [Octets.colon, Octets.space]
    output += value.utf8
    output += [Octets.carriageReturn, Octets.lineFeed]
  }

  private static func isValueByte(_ byte: UInt8) -> Bool {
    byte == Octets.tab || (byte >= 0x20 && byte != 0x7f)
  }

  private static func clean(_ value: String) -> String {
    String(decoding: value.utf8.map { isValueByte($0) ? $0 : Octets.space }, as: UTF8.self)
  }
}
