/// Where the server listens: an IP address or `localhost`, and a port.
///
/// Names other than `localhost` are not taken: whether one means this machine only would depend on
/// who resolves it, and the check that keeps an open server off the network could not be trusted.
public struct ListenAddress: Sendable, Equatable, CustomStringConvertible {
  /// `localhost` or an IP address, an IPv6 one without brackets.
  public var host: String

  /// The port. 0 takes any free one.
  public var port: Int

  /// An address from its parts. ``Settings/validate()`` tells whether they make sense.
  public init(host: String, port: Int) {
    self.host = host
    self.port = port
  }

  /// Reads `HOST:PORT`, for example `127.0.0.1:8080`, `[::1]:8080` or `localhost:0`. Nil when the
  /// text is anything else.
  public init?(_ text: String) {
    guard let colon = text.lastIndex(of: ":"),
      let port = DecimalDigits.value(of: text[text.index(after: colon)...], max: 65_535)
    else { return nil }
    let name = text[..<colon]
    if name == "localhost" {
      self.init(host: "localhost", port: port)
    } else if name.hasPrefix("["), name.hasSuffix("]") {
      guard let address = IPLiteral(name.dropFirst().dropLast()), address.isBracketed else {
        return nil
      }
      self.init(host: address.canonical, port: port)
    } else {
      guard let address = IPLiteral(name), !address.isBracketed else { return nil }
      self.init(host: address.canonical, port: port)
    }
  }

  /// Whether only this machine can reach it.
  public var isLoopback: Bool {
    host == "localhost" || IPLiteral(host)?.isLoopback == true
  }

  /// The IP address to bind, without brackets: `127.0.0.1` for `localhost`.
  public var bindHost: String {
    host == "localhost" ? "127.0.0.1" : host
  }

  /// The text that ``init(_:)`` reads.
  public var description: String {
    host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
  }
}
