/// Frames bytes as chunks (RFC 9112 section 7.1).
enum ChunkedBodyEncoder {
  /// The last chunk, without trailer fields: it ends the body.
  static let end: [UInt8] = Array("0\r\n\r\n".utf8)

  /// What stands behind the data of each chunk.
  static let delimiter: [UInt8] = [Octets.carriageReturn, Octets.lineFeed]

  /// The size line that stands before `dataBytes` bytes of data. Not for 0, which would end the
  /// body.
  static func sizeLine(dataBytes: Int) -> [UInt8] {
    Array(String(dataBytes, radix: 16).utf8) + delimiter
  }

  /// Appends `data` as one chunk; nothing if there is no data.
  static func append(_ data: Span<UInt8>, to output: inout [UInt8]) {
    guard !data.isEmpty else { return }
    output += sizeLine(dataBytes: data.count)
    Octets.append(data, data.indices, to: &output)
    output += delimiter
  }

  /// Appends the last chunk.
  static func appendEnd(to output: inout [UInt8]) {
    output += end
  }
}
