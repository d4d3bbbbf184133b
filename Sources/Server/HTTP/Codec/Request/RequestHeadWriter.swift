/// Writes the head of a request, for the command-line client.
enum RequestHeadWriter {
  /// Appends the request line, `Host`, the fields, the framing and the empty line.
  ///
  /// - Parameters:
  ///   - target: an absolute path with an optional query, encoded already (``PercentCoding``);
  ///     bytes that no target may hold are escaped, so it cannot end its line.
  ///   - host: the host with its port, if that is not the scheme's own.
  ///   - fields: without `Host`, `Content-Length` and `Transfer-Encoding`.
  static func append(
    method: HTTPMethod, target: String, host: HostAuthority, fields: [HeaderField],
    framing: BodyFraming, to output: inout [UInt8]
  ) {
    output += "\(method.rawValue) \(safe(target)) HTTP/1.1\r\n".utf8
    HeaderField("Host", host.description).append(to: &output)
    for field in fields where !ResponseHeadWriter.isFraming(field.name) {
      field.append(to: &output)
    }
    ResponseHeadWriter.appendFraming(framing, to: &output)
    output += [Octets.carriageReturn, Octets.lineFeed]
  }

  private static func safe(_ target: String) -> String {
    var text = ""
    for scalar in target.unicodeScalars {
      let isVisible = scalar.value > 0x20 && scalar.value < 0x7f
      text += isVisible ? String(scalar) : PercentCoding.encode(String(scalar))
    }
    return text
  }
}
