/// The first line of a response: version and status (RFC 9112 section 4). The reason is not kept.
struct StatusLine: Sendable, Equatable {
  /// 0 for HTTP/1.0, 1 for HTTP/1.1 and what is later in HTTP/1.
  let minorVersion: Int

  /// 100 to 599.
  let status: Int

  /// Parses a line without its CRLF. The space before an empty reason may be missing.
  init(_ input: Span<UInt8>, _ line: Range<Int>) throws(RefusalReason) {
    let bytes = Octets.array(input, line)
    guard bytes.count >= 12, bytes.starts(with: "HTTP/1.".utf8), Octets.isDigit(bytes[7]),
      bytes[8] == Octets.space, bytes[9...11].allSatisfy(Octets.isDigit),
      bytes.count == 12 || bytes[12] == Octets.space
    else { throw .statusLineMalformed }
    let status = bytes[9...11].reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
    guard (100...599).contains(status) else { throw .statusLineMalformed }
    self.minorVersion = bytes[7] == UInt8(ascii: "0") ? 0 : 1
    self.status = status
  }
}
