/// Where a Redis is and as whom to speak to it: `redis://[user[:password]@]host[:port][/db]`.
///
/// Its description leaves the password out, so that no log ever holds one.
public struct RedisURL: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible,
  CustomReflectable
{
  /// Why a text is no such URL.
  public enum Fault: Error, Sendable, Equatable {
    /// It asks for TLS.
    case needsTLS
    /// It is written in another way.
    case malformed
  }

  /// The port of a URL that names none.
  public static let defaultPort: UInt16 = 6_379

  /// A name or an IP address, an IPv6 one without brackets.
  public var host: String
  /// The TCP port.
  public var port: UInt16
  /// The ACL user. `nil` for the default user.
  public var user: String?
  /// The user's password. `nil` where none is asked for.
  public var password: String?
  /// The number of the database, from 0.
  public var database: Int

  /// A URL from its parts.
  public init(
    host: String, port: UInt16 = RedisURL.defaultPort, user: String? = nil,
    password: String? = nil, database: Int = 0
  ) {
    self.host = host
    self.port = port
    self.user = user
    self.password = password
    self.database = database
  }

  /// Reads `redis://[user[:password]@]host[:port][/db]`; characters of user and password that have
  /// a meaning of their own are written `%40`.
  public init(_ text: String) throws(Fault) {
    let bytes = Array(text.utf8)
    guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")) else { throw .malformed }
    let scheme = String(decoding: bytes[..<colon], as: UTF8.self).lowercased()
    if scheme == "rediss" { throw .needsTLS }
    let slashes = Array("//".utf8)
    var rest = bytes[(colon + 1)...]
    guard scheme == "redis", rest.starts(with: slashes) else { throw .malformed }
    rest = rest.dropFirst(slashes.count)
    // A space, a control character, a question or a fragment has no place in it.
    guard rest.allSatisfy({ $0 > 0x20 && $0 != 0x7F && $0 != 0x3F && $0 != 0x23 }) else {
      throw .malformed
    }
    let end = rest.firstIndex(of: UInt8(ascii: "/")) ?? rest.endIndex
    self.init(host: "")
    database = try Self.database(rest[end...])
    var authority = rest[..<end]
    if let at = authority.lastIndex(of: UInt8(ascii: "@")) {
      try readUser(authority[..<at])
      authority = authority[(at + 1)...]
    }
    try readPlace(authority)
  }

  private static func database(_ path: ArraySlice<UInt8>) throws(Fault) -> Int {
    let digits = path.dropFirst()
    if digits.isEmpty { return 0 }
    guard let number = number(digits, max: 999_999) else { throw .malformed }
    return number
  }

  private mutating func readUser(_ text: ArraySlice<UInt8>) throws(Fault) {
    let colon = text.firstIndex(of: UInt8(ascii: ":"))
    let name = try Self.decoded(text[..<(colon ?? text.endIndex)])
    user = name.isEmpty ? nil : name
    if let colon {
      let word = try Self.decoded(text[(colon + 1)...])
      password = word.isEmpty ? nil : word
    }
    // A user without a password could not be told to Redis.
    guard user == nil || password != nil else { throw .malformed }
  }

  private mutating func readPlace(_ text: ArraySlice<UInt8>) throws(Fault) {
    var name = text
    var digits: ArraySlice<UInt8>?
    if text.first == UInt8(ascii: "[") {
      guard let end = text.lastIndex(of: UInt8(ascii: "]")) else { throw .malformed }
      name = text[(text.startIndex + 1)..<end]
      let behind = text[(end + 1)...]
      if !behind.isEmpty {
        guard behind.first == UInt8(ascii: ":") else { throw .malformed }
        digits = behind.dropFirst()
      }
      guard name.contains(UInt8(ascii: ":")) else { throw .malformed }
    } else {
      if let colon = text.firstIndex(of: UInt8(ascii: ":")) {
        name = text[..<colon]
        digits = text[(colon + 1)...]
      }
      guard !name.contains(UInt8(ascii: ":")) else { throw .malformed }
    }
    let isName = name.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
        UInt8(ascii: "_"), UInt8(ascii: ":"), UInt8(ascii: "%"):
        true
      default: false
      }
    }
    guard !name.isEmpty, name.count <= 255, isName else { throw .malformed }
    host = String(decoding: name, as: UTF8.self)
    if let digits {
      guard let number = Self.number(digits, max: 65_535), number > 0 else { throw .malformed }
      port = UInt16(number)
    }
  }

  private static func number(_ digits: ArraySlice<UInt8>, max: Int) -> Int? {
    guard (1...6).contains(digits.count),
      digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
    else { return nil }
    let value = digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
    return value <= max ? value : nil
  }

  private static func decoded(_ text: ArraySlice<UInt8>) throws(Fault) -> String {
    var bytes: [UInt8] = []
    var rest = text
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      guard let high = rest.popFirst().flatMap(hex), let low = rest.popFirst().flatMap(hex) else {
        throw .malformed
      }
      bytes.append(high << 4 | low)
    }
    guard let text = String(validating: bytes, as: UTF8.self) else { throw .malformed }
    return text
  }

  private static func hex(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
  }

  // MARK: Writing

  /// The text that ``init(_:)`` reads, password and all. For a file that its owner asked for.
  public var textWithPassword: String { text(password: password.map(Self.encoded)) }

  /// The URL with `***` for the password.
  public var description: String { text(password: password.map { _ in "***" }) }

  /// The same as ``description``.
  public var debugDescription: String { description }

  /// Nothing but the ``description``: a dump shows no password either.
  public var customMirror: Mirror { Mirror(self, children: [("url", description)]) }

  private func text(password: String?) -> String {
    var text = "redis://"
    if let password { text += "\(user.map(Self.encoded) ?? ""):\(password)@" }
    text += host.contains(":") ? "[\(host)]" : host
    return text + ":\(port)/\(database)"
  }

  private static func encoded(_ text: String) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var bytes: [UInt8] = []
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
        UInt8(ascii: "_"), UInt8(ascii: "~"):
        bytes.append(byte)
      default: bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
