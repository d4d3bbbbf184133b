import FanfareRuntime

/// Names one life of a channel's log: it changes whenever the log was lost or begun anew.
///
/// 4 to 12 characters of `[0-9a-z]`, of which the last two are check characters of the channel's
/// name, so that a cursor that belongs to another channel is noticed.
public struct Epoch: Sendable, Hashable, CustomStringConvertible {
  /// The epoch as it stands in a position. At most 12 bytes, so it is stored without allocation.
  public let text: String

  /// `nil` unless `text` is 3 to 12 characters of `[0-9a-z]`.
  public init?(_ text: some StringProtocol) {
    guard (3...12).contains(text.utf8.count), text.utf8.allSatisfy(Base36.isDigit) else {
      return nil
    }
    self.text = String(text)
  }

  /// A new epoch for `channel`.
  public init(newFor channel: ChannelName, random: inout SeededGenerator) {
    var bytes: [UInt8] = []
    for _ in 0..<8 { bytes.append(Base36.digit(UInt64.random(in: 0..<36, using: &random))) }
    bytes.append(contentsOf: Self.check(channel))
    text = String(decoding: bytes, as: UTF8.self)
  }

  /// The one epoch of a log of `channel` that is never begun anew. `nil` unless `text` is 1 to 10
  /// characters of `[0-9a-z]`.
  package init?(_ text: String, lastingFor channel: ChannelName) {
    self.init(text + String(decoding: Self.check(channel), as: UTF8.self))
  }

  /// Whether the check characters are those of `channel`.
  public func belongs(to channel: ChannelName) -> Bool {
    text.utf8.suffix(2).elementsEqual(Self.check(channel))
  }

  /// The epoch's text.
  public var description: String { text }

  private static func check(_ channel: ChannelName) -> [UInt8] {
    let value = checkValue(channel)
    return [Base36.digit(value / 36), Base36.digit(value % 36)]
  }

  /// In arithmetic that a Redis function has too, whose numbers are exact below 2^53.
  private static func checkValue(_ channel: ChannelName) -> UInt64 {
    channel.text.utf8.reduce(0) { ($0 * 37 + UInt64($1)) % (36 * 36) }
  }
}

/// The digits `0-9a-z`.
enum Base36 {
  static func digit(_ value: UInt64) -> UInt8 {
    let value = UInt8(truncatingIfNeeded: value)
    return value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + (value - 10)
  }

  static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
      || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
  }
}
