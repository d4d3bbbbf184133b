import FanfareServer

/// What must hold of ``Cursor`` for any text.
public enum CursorInvariants {
  private static let names = ["project:42", "a", "chat:x.y~z@h=+1-2"]

  /// The invariant that `bytes` break; nil if they break none. The first byte says for how many
  /// channels the rest is a cursor.
  public static func violation(_ bytes: [UInt8]) -> String? {
    guard let first = bytes.first else { return nil }
    let channels = names.prefix(1 + Int(first) % names.count).compactMap { ChannelName($0) }
    let text = String(decoding: bytes.dropFirst(), as: UTF8.self)
    guard let cursor = Cursor(text, for: channels) else { return nil }
    guard cursor.positions.count == channels.count else { return "another number of positions" }
    guard cursor.description == text else { return "\(cursor) is not what was read" }
    let allowed = Set("0123456789abcdefghijklmnopqrstuvwxyz.,-".utf8)
    guard text.utf8.allSatisfy(allowed.contains) else { return "a byte outside the alphabet" }
    for (channel, position) in zip(channels, cursor.positions) {
      guard let position else { continue }
      guard position.epoch.belongs(to: channel) else { return "an epoch of another channel" }
      guard position.offset < 1_000_000_000_000_000_000 else { return "an offset too large" }
      var again: [UInt8] = []
      position.append(to: &again)
      guard again.elementsEqual(position.description.utf8) else { return "written twice, unlike" }
    }
    return nil
  }
}
