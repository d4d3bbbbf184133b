/// Where a follower of one or several channels stands: one position per channel, in the order in
/// which the request named the channels, joined by `,`; `-` stands for "none yet".
public struct Cursor: Sendable, Equatable, CustomStringConvertible {
  /// The positions, one per channel; `nil` for `-`.
  public var positions: [Position?]

  /// A cursor of these positions.
  public init(_ positions: [Position?]) {
    self.positions = positions
  }

  /// Reads a cursor for `channels`. `nil` when it is malformed: a byte outside `[0-9a-z.,-]`,
  /// another number of positions than channels, or a position that belongs to another channel.
  public init?(_ text: some StringProtocol, for channels: [ChannelName]) {
    let parts = text.split(separator: ",", omittingEmptySubsequences: false)
    guard parts.count == channels.count else { return nil }
    var positions: [Position?] = []
    for (part, channel) in zip(parts, channels) {
      if part == "-" {
        positions.append(nil)
        continue
      }
      guard let position = Position(part), position.epoch.belongs(to: channel) else { return nil }
      positions.append(position)
    }
    self.positions = positions
  }

  /// The cursor as clients see it.
  public var description: String {
    positions.map { $0?.description ?? "-" }.joined(separator: ",")
  }
}
