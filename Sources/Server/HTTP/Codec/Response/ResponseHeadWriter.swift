/// Writes the head of a response.
enum ResponseHeadWriter {
  /// Appends the status line, the fields, the framing and the empty line.
  ///
  /// The framing fields are written here alone: a `content-length` or `transfer-encoding` among
  /// `fields` is left out, so a response never has two framings. Statuses 1xx and 204 have none
  /// (RFC 9110 section 8.6), and 101 goes on as another protocol.
  ///
  /// - Parameters:
  ///   - status: 100 to 599; any other is written as 500.
  ///   - framing: ``BodyFraming/none`` where no body follows by rule, or where the end of the
  ///     connection ends the body.
  ///   - date: the `Date` value, as ``HTTPDate`` writes it; nil leaves the field out.
  static func append(
    status: Int, fields: [HeaderField], framing: BodyFraming, date: String?,
    to output: inout [UInt8]
  ) {
    let code = (100...599).contains(status) ? status : 500
    output += "HTTP/1.1 \(code) \(ReasonPhrase.of(code))\r\n".utf8
    if let date { HeaderField("Date", date).append(to: &output) }
    for field in fields where !isFraming(field.name) { field.append(to: &output) }
    if code >= 200, code != 204 { appendFraming(framing, to: &output) }
    output += [Octets.carriageReturn, Octets.lineFeed]
  }

  /// Appends the field that announces `framing`.
  static func appendFraming(_ framing: BodyFraming, to output: inout [UInt8]) {
    switch framing {
    case .none: break
    case .length(let length):
      HeaderField("Content-Length", String(length)).append(to: &output)
    case .chunked:
      HeaderField("Transfer-Encoding", "chunked").append(to: &output)
    }
  }

  /// Whether a field of that name would say how the body is delimited.
  static func isFraming(_ name: String) -> Bool {
    let bytes = Array(name.utf8)[...]
    return Octets.matches(bytes, "content-length") || Octets.matches(bytes, "transfer-encoding")
  }
}
