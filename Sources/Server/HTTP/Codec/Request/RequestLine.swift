/// The first line of a request: method, target and version (RFC 9112 section 3).
struct RequestLine: Sendable, Equatable {
  let method: HTTPMethod

  /// How many bytes the method has, from the line's first on.
  let methodBytes: Int

  let target: RequestTarget

  /// 0 for HTTP/1.0, 1 for HTTP/1.1.
  let minorVersion: Int

  /// Parses a line without its CRLF. Exactly one space separates its three parts.
  init(_ input: Span<UInt8>, _ line: Range<Int>) throws(RefusalReason) {
    let bytes = Octets.array(input, line)
    let parts = bytes.split(
      separator: Octets.space, maxSplits: 3, omittingEmptySubsequences: false)
    guard parts.count == 3, !parts[1].isEmpty else { throw .requestLineMalformed }
    guard RequestLine.isMethod(parts[0]) else { throw .methodInvalid }
    let minorVersion = try RequestLine.minorVersion(parts[2])
    let method = HTTPMethod(parts[0])
    self.method = method
    self.methodBytes = parts[0].count
    self.target = try RequestTarget(parts[1], method: method)
    self.minorVersion = minorVersion
  }

  /// Why a request line that does not fit into the head is refused: its target is too long, unless
  /// what came so far is no method with a space behind it.
  static func overflow(_ input: Span<UInt8>, _ seen: Range<Int>) -> RefusalReason {
    let length = min(seen.count, HTTPMethod.bytesMax + 1)
    let bytes = Octets.array(input, seen.lowerBound..<(seen.lowerBound + length))
    guard let space = bytes.firstIndex(of: Octets.space), isMethod(bytes[..<space]) else {
      return .methodInvalid
    }
    return .targetTooLong
  }

  private static func isMethod(_ bytes: ArraySlice<UInt8>) -> Bool {
    (1...HTTPMethod.bytesMax).contains(bytes.count) && bytes.allSatisfy(Octets.isToken)
  }

  private static func minorVersion(_ bytes: ArraySlice<UInt8>) throws(RefusalReason) -> Int {
    let text = Array(bytes)
    guard text.count == 8, text.starts(with: "HTTP/".utf8), Octets.isDigit(text[5]),
      text[6] == UInt8(ascii: "."), Octets.isDigit(text[7])
    else { throw .versionMalformed }
    guard text[5] < UInt8(ascii: "2") else { throw .versionUnsupported }
    guard text[5] == UInt8(ascii: "1"), text[7] <= UInt8(ascii: "1") else {
      throw .versionMalformed
    }
    return Int(text[7] - UInt8(ascii: "0"))
  }
}
