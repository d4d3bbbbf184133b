/// A request as a client makes it.
struct ClientRequest: Sendable {
  let method: HTTPMethod
  /// A path that begins with `/`, with an optional query, encoded; the path of the server's URL is
  /// put before it.
  let target: String
  let fields: [HeaderField]
  /// Nil for a request without a body.
  var body: [UInt8]?
  /// Whether the answer may switch to the protocol that `fields` ask for.
  var upgrades = false

  /// The request on the wire.
  func bytes(to url: ServerURL) -> [UInt8] {
    var bytes: [UInt8] = []
    let agent = HeaderField("User-Agent", "fanfare/\(FanfareVersion.text)")
    RequestHeadWriter.append(
      method: method, target: url.path + target, host: url.authority, fields: fields + [agent],
      framing: body.map { .length($0.count) } ?? .none, to: &bytes)
    if let body { bytes += body }
    return bytes
  }
}
