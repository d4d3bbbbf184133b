/// Where a client finds its server: `http://HOST[:PORT][/PATH]`.
///
/// A path is put before every resource, for a server that stands behind a proxy under one.
public struct ServerURL: Sendable, Equatable, CustomStringConvertible {
  /// Where `fanfare serve` listens unless it is told otherwise.
  public static let defaultText = "http://127.0.0.1:8080"

  /// The host and port, as they stand in `Host`.
  let authority: HostAuthority
  /// Empty, or a path that begins with `/` and does not end with one.
  let path: String

  /// Reads a URL.
  ///
  /// - Throws: ``ClientError/badURL(_:)`` for anything but plain HTTP to a host.
  public init(_ text: String) throws(ClientError) {
    guard let mark = text.firstRange(of: "://") else {
      throw .badURL("\(text) must begin with http://, like \(Self.defaultText)")
    }
    switch text[..<mark.lowerBound].lowercased() {
    case "http": break
    case "https":
      throw .badURL("https is not in this version; use an http:// address or a local TLS proxy")
    default: throw .badURL("\(text) must begin with http://, like \(Self.defaultText)")
    }
    let rest = text[mark.upperBound...]
    let end = rest.firstIndex(of: "/") ?? rest.endIndex
    guard let authority = HostAuthority(String(rest[..<end])), authority.port != 0 else {
      throw .badURL("\(text) must name a host and, after a colon, a port from 1 to 65535")
    }
    let path = Array(rest[end...].utf8)[...]
    guard (try? PercentCoding.check(path, allows: Self.isPathByte)) != nil else {
      throw .badURL("\(text) must hold neither a query, a fragment nor a blank")
    }
    self.authority = authority
    var kept = rest[end...]
    while kept.hasSuffix("/") { kept.removeLast() }
    self.path = String(kept)
  }

  /// The URL, without a slash at its end.
  public var description: String { "http://\(authority)\(path)" }

  var port: UInt16 { UInt16(clamping: authority.port ?? 80) }

  /// What to look up. `localhost` is the address that the server means by it.
  var lookupHost: String {
    switch authority.host {
    case "localhost": "127.0.0.1"
    case let host where host.hasPrefix("["): String(host.dropFirst().dropLast())
    case let host: host
    }
  }

  private static func isPathByte(_ byte: UInt8) -> Bool {
    byte == Octets.slash || Octets.isPathByte(byte)
  }
}
