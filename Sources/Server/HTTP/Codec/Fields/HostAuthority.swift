/// A host with an optional port, as in `Host` and in an absolute request target.
///
/// Two values are equal when they name the same host in any case with the same written port.
struct HostAuthority: Sendable, Equatable, CustomStringConvertible {
  /// The name or address in lower case; an IPv6 address keeps its brackets.
  let host: String

  /// The port that was written, if one was.
  let port: Int?

  /// Parses `uri-host [ ":" port ]` (RFC 9110 section 7.2). User information, blanks, commas, an
  /// empty host and a port above 65,535 give nil.
  init?(_ bytes: ArraySlice<UInt8>) {
    guard let end = HostAuthority.hostEnd(bytes) else { return nil }
    var port: Int?
    if end < bytes.endIndex {
      guard bytes[end] == Octets.colon else { return nil }
      let digits = bytes[(end + 1)...]
      guard digits.count <= 5, digits.allSatisfy(Octets.isDigit) else { return nil }
      if !digits.isEmpty {
        port = digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
      }
      guard port ?? 0 <= 65_535 else { return nil }
    }
    self.host = String(decoding: bytes[..<end].map(Octets.lowercased), as: UTF8.self)
    self.port = port
  }

  init?(_ text: String) {
    self.init(Array(text.utf8)[...])
  }

  /// The port that is meant when the URI has that scheme.
  func effectivePort(ofScheme scheme: String) -> Int? {
    switch scheme {
    case "http": port ?? 80
    case "https": port ?? 443
    default: port
    }
  }

  var description: String {
    if let port { "\(host):\(port)" } else { host }
  }

  /// Where the host ends and the colon of the port may stand; nil if there is no valid host.
  private static func hostEnd(_ bytes: ArraySlice<UInt8>) -> Int? {
    if bytes.first == UInt8(ascii: "[") {
      guard let close = bytes.firstIndex(of: UInt8(ascii: "]")),
        isAddress6(bytes[(bytes.startIndex + 1)..<close])
      else { return nil }
      return close + 1
    }
    let end = bytes.firstIndex(of: Octets.colon) ?? bytes.endIndex
    let name = bytes[..<end]
    guard !name.isEmpty, (try? PercentCoding.check(name, allows: isNameByte)) != nil else {
      return nil
    }
    return end
  }

  /// `reg-name` of RFC 3986 without the comma, which would make a list of it.
  private static func isNameByte(_ byte: UInt8) -> Bool {
    Octets.isName(byte) && byte != Octets.comma
  }

  /// `IPv6address` of RFC 3986 section 3.2.2: eight groups, at most one run of them left out as
  /// `::`, the last two perhaps written as an IPv4 address. No zone.
  private static func isAddress6(_ bytes: ArraySlice<UInt8>) -> Bool {
    let parts = bytes.split(separator: Octets.colon, omittingEmptySubsequences: false)
    guard parts.count >= 3, parts.count <= 9 else { return false }
    var groups = 0
    var gaps = 0
    for (index, part) in parts.enumerated() {
      let isLast = index == parts.count - 1
      if part.isEmpty {
        // An empty first or last part is half of a `::` at that end, so its neighbour is empty too.
        if index == 0 {
          guard parts[1].isEmpty else { return false }
        } else if isLast {
          guard parts[index - 1].isEmpty else { return false }
        } else {
          gaps += 1
        }
      } else if isLast, part.contains(UInt8(ascii: ".")) {
        guard isAddress4(part) else { return false }
        groups += 2
      } else {
        guard part.count <= 4, part.allSatisfy({ Octets.hexValue($0) != nil }) else {
          return false
        }
        groups += 1
      }
    }
    return gaps == 0 ? groups == 8 : gaps == 1 && groups <= 7
  }

  private static func isAddress4(_ bytes: ArraySlice<UInt8>) -> Bool {
    let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    return parts.count == 4
      && parts.allSatisfy { part in
        guard (1...3).contains(part.count), part.allSatisfy(Octets.isDigit) else { return false }
        return part.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) } <= 255
      }
  }
}
