import FanfareActors

/// The names of what Fanfare keeps in Redis, all below one prefix.
package struct RedisKeys: Sendable, Equatable {
  /// What every name begins with.
  package let prefix: [UInt8]
  /// The hash that says which generation of the logs this is, and how they are kept.
  package let hub: [UInt8]
  /// The hash of the nodes that are alive.
  package let nodes: [UInt8]

  package init(prefix: String = "fanfare:") {
    self.prefix = Array(prefix.utf8)
    hub = self.prefix + Array("hub".utf8)
    nodes = self.prefix + Array("nodes".utf8)
  }

  /// The stream of a channel's events.
  package func log(_ channel: ChannelName) -> [UInt8] { name("log:", channel.text) }

  /// The hash with the head of a channel's log, which outlives the events.
  package func meta(_ channel: ChannelName) -> [UInt8] { name("meta:", channel.text) }

  /// The pub/sub channel on which a channel's events are told.
  package func feed(_ channel: ChannelName) -> [UInt8] { name("feed:", channel.text) }

  /// The stream of all events of a namespace.
  package func firehose(_ namespace: some StringProtocol) -> [UInt8] {
    name("firehose:", namespace)
  }

  /// What a publish with a key left behind.
  package func idempotency(_ channel: ChannelName, _ key: [UInt8]) -> [UInt8] {
    name("key:", channel.text) + [UInt8(ascii: " ")] + key
  }

  /// The channel that the pub/sub channel `feed` tells of; `nil` where it is none of ours.
  package func channel(ofFeed feed: [UInt8]) -> ChannelName? {
    let start = name("feed:", "")
    guard feed.starts(with: start) else { return nil }
    // Whatever is no UTF-8 is repaired into characters that a channel's name may not have.
    return ChannelName(String(decoding: feed[start.count...], as: UTF8.self))
  }

  private func name(_ kind: String, _ rest: some StringProtocol) -> [UInt8] {
    var bytes = prefix
    bytes.reserveCapacity(prefix.count + kind.utf8.count + rest.utf8.count)
    bytes.append(contentsOf: kind.utf8)
    bytes.append(contentsOf: rest.utf8)
    return bytes
  }
}
