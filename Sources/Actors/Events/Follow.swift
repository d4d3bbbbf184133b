/// One channel that a connection asks to follow.
public struct Follow: Sendable, Equatable {
  /// The channel.
  public let channel: ChannelName
  /// Where to begin.
  public let start: StartPoint

  /// Follows `channel` from `start` on.
  public init(channel: ChannelName, start: StartPoint) {
    self.channel = channel
    self.start = start
  }
}
