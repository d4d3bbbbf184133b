/// The name of a channel: 1 to 255 bytes of `[A-Za-z0-9_.~@=+:-]`, neither `.` nor `..`.
public struct ChannelName: Sendable, Hashable, Comparable, CustomStringConvertible {
  /// The name as clients write it.
  public let text: String
  /// The same on every node, process and run: it decides the home loop and the check characters.
  public let hash: UInt64

  /// `nil` where `text` breaks the rule above.
  public init?(_ text: String) {
    let bytes = text.utf8
    guard (1...255).contains(bytes.count), text != ".", text != "..",
      bytes.allSatisfy(Self.isAllowed)
    else { return nil }
    self.text = text
    hash = StableHash.of(bytes)
  }

  /// What a refused name has to be told.
  public static let rule = "a channel name is 1-255 characters of A-Z a-z 0-9 _ . ~ @ = + : -"

  /// The namespaces that clients may not publish to.
  public static let reservedNamespaces: Set<String> = ["fanfare", "job"]

  /// The text before the first `:`, or all of it.
  public var namespace: Substring {
    text.prefix { $0 != ":" }
  }

  /// The name itself.
  public var description: String { text }

  /// Whether two names are the same.
  public static func == (left: Self, right: Self) -> Bool {
    left.hash == right.hash && left.text == right.text
  }

  /// The order of the names' bytes.
  public static func < (left: Self, right: Self) -> Bool { left.text < right.text }

  /// Feeds the text to `hasher`, whose secret keeps clients from choosing names that collide; the
  /// stable hash has none.
  public func hash(into hasher: inout Hasher) { hasher.combine(text) }

  private static func isAllowed(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    case UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "~"), UInt8(ascii: "@"),
      UInt8(ascii: "="), UInt8(ascii: "+"), UInt8(ascii: ":"), UInt8(ascii: "-"):
      true
    default: false
    }
  }
}
