/// One open channel, as operators see it.
public struct ChannelSummary: Sendable, Equatable {
  /// The channel.
  public let channel: ChannelName
  /// Its namespace, as metrics name it.
  public let namespace: String
  /// Where it stands; `nil` while it retains nothing and nobody follows it.
  public let head: Position?
  /// The events that history retains.
  public let historyEvents: Int
  /// Their bytes.
  public let historyBytes: Int
  /// The events in the fullest of its mailboxes.
  public private(set) var depth = 0
  /// Its followers on all loops.
  public private(set) var followers = 0
  /// How far the slowest follower is behind, in events.
  public private(set) var lagMax: UInt64 = 0
  /// Events told missing to attached followers since its shards began.
  public private(set) var dropped: UInt64 = 0

  init(
    channel: ChannelName, namespace: String, head: Position?, historyEvents: Int, historyBytes: Int
  ) {
    self.channel = channel
    self.namespace = namespace
    self.head = head
    self.historyEvents = historyEvents
    self.historyBytes = historyBytes
  }

  mutating func add(_ shard: ShardSummary) {
    depth = max(depth, shard.depth)
    followers += shard.followers
    lagMax = max(lagMax, shard.lagMax)
    dropped += shard.dropped
  }
}

/// What one loop adds to a ``ChannelSummary``.
struct ShardSummary: Sendable {
  let channel: ChannelName
  let depth: Int
  let followers: Int
  let lagMax: UInt64
  let dropped: UInt64
}
