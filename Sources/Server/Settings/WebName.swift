/// The names by which web pages know a server, in the one form that can be compared as text.
enum WebName {
  /// Whether `text` is a scheme, a host and, where it is not the scheme's own, a port.
  static func isOrigin(_ text: String) -> Bool {
    guard let (scheme, rest) = splitScheme(text) else { return false }
    if scheme == "http", rest.hasSuffix(":80") { return false }
    if scheme == "https", rest.hasSuffix(":443") { return false }
    return isAuthority(String(rest))
  }

  /// Whether `text` is a host, perhaps with a port.
  static func isAuthority(_ text: String) -> Bool {
    // A host in brackets has colons of its own.
    let bracket = text.lastIndex(of: "]") ?? text.startIndex
    guard let colon = text[bracket...].firstIndex(of: ":") else { return isHost(text) }
    let digits = text[text.index(after: colon)...]
    guard let port = DecimalDigits.value(of: digits, max: 65_535), port > 0, "\(port)" == digits
    else { return false }
    return isHost(String(text[..<colon]))
  }

  /// Whether `text` is a lower-case host name or a canonical IP address, IPv6 in brackets.
  static func isHost(_ text: String) -> Bool {
    if text.hasPrefix("["), text.hasSuffix("]") {
      let inner = text.dropFirst().dropLast()
      guard let address = IPLiteral(inner), address.isBracketed else { return false }
      return address.canonical == inner
    }
    if let address = IPLiteral(text) { return !address.isBracketed }
    return isName(text)
  }

  private static func splitScheme(_ text: String) -> (Substring, Substring)? {
    guard let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://") else { return nil }
    let scheme = text[..<colon]
    guard let first = scheme.utf8.first, isLetter(first), scheme.utf8.allSatisfy(isSchemeByte)
    else { return nil }
    return (scheme, text[colon...].dropFirst(3))
  }

  /// RFC 1123 section 2.1, and `_` as some internal names have it. A last label of digits only
  /// would be read as an IP address by a browser.
  private static func isName(_ text: String) -> Bool {
    guard text.utf8.count <= 253 else { return false }
    let labels = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard let last = labels.last, !last.allSatisfy(isDigit) else { return false }
    return labels.allSatisfy { label in
      1...63 ~= label.count && label.allSatisfy(isLabelByte)
        && label.first != UInt8(ascii: "-") && label.last != UInt8(ascii: "-")
    }
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte
  }

  private static func isLabelByte(_ byte: UInt8) -> Bool {
    isLetter(byte) || isDigit(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
  }

  private static func isSchemeByte(_ byte: UInt8) -> Bool {
    isLetter(byte) || isDigit(byte) || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-")
      || byte == UInt8(ascii: ".")
  }
}
