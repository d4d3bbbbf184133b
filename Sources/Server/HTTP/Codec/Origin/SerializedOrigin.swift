/// The origin of a web page as browsers send it: scheme, host and port (RFC 6454 section 6.2).
struct SerializedOrigin: Sendable, Equatable {
  /// In lower case.
  let scheme: String

  let authority: HostAuthority

  /// Parses `scheme://host[:port]` with nothing behind it; nil for anything else, also for `null`.
  init?(_ text: String) {
    let bytes = Array(text.utf8)[...]
    guard let colon = bytes.firstIndex(of: Octets.colon), colon > 0, Octets.isAlpha(bytes[0]),
      bytes[colon...].starts(with: "://".utf8),
      bytes[..<colon].allSatisfy(SerializedOrigin.isSchemeByte),
      let authority = HostAuthority(bytes[(colon + 3)...])
    else { return nil }
    self.scheme = String(decoding: bytes[..<colon].map(Octets.lowercased), as: UTF8.self)
    self.authority = authority
  }

  /// The form in which a browser would send it: lower case, without the scheme's own port.
  var canonical: String {
    let isDefault =
      (scheme == "http" && authority.port == 80) || (scheme == "https" && authority.port == 443)
    return "\(scheme)://\(isDefault ? authority.host : authority.description)"
  }

  /// Whether a page of this origin asks the very server that it came from, known as `host`.
  func isSame(as host: HostAuthority) -> Bool {
    (scheme == "http" || scheme == "https") && authority.host == host.host
      && authority.effectivePort(ofScheme: scheme) == host.effectivePort(ofScheme: scheme)
  }

  private static func isSchemeByte(_ byte: UInt8) -> Bool {
    Octets.isAlpha(byte) || Octets.isDigit(byte) || byte == UInt8(ascii: "+")
      || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
  }
}
