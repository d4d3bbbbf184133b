import FanfareActors
import FanfareRuntime

/// The backplane of a node that is alone: logs in memory, sequenced on each channel's home loop, in
/// one synchronous step per publish. They end with the process.
public final class LocalBackplane: Backplane {
  private let logs: [LoopConfined<LocalLogs>]
  private let feed = Locked<(any BackplaneFeed)?>(nil)

  /// Empty logs over `loops`.
  public init(loops: [EventLoop], limits: Limits, namespaces: Namespaces) {
    // An equal share each: a loop could not evict another's logs when its own must make room.
    let bytesMax = limits.memoryHistoryBytesMax / max(1, loops.count)
    let keys = LocalKeyCount(max: limits.idempotencyKeysMax)
    logs = loops.map { loop in
      LoopConfined(
        LocalLogs(
          loop: loop, limits: limits, namespaces: namespaces, bytesMax: bytesMax, keys: keys),
        to: loop)
    }
  }

  /// Sends every event to `feed` from now on. Once, before the first publish.
  public func connect(to feed: any BackplaneFeed) {
    self.feed.withLock { $0 = feed }
  }

  /// Sequences `drafts` at once.
  public func publish(
    _ drafts: [Draft], to channel: ChannelName, key: PublishKey?, on loop: EventLoop
  ) async throws(PublishError) -> [Position] {
    let logs = logs[loop.index].get
    if let key, let positions = try logs.begin(key, in: channel) { return positions }
    let events = logs.append(drafts, to: channel)
    if let key { logs.remember(key, in: channel, events) }
    // Outside the lock: the feed runs the channel.
    feed.withLock { $0 }?.received(events, in: channel)
    return events.map(\.position)
  }

  /// Every event of the process reaches the feed already; the log's head and epoch now stay.
  public func follow(
    _ channel: ChannelName, on loop: EventLoop
  ) async throws(PublishError) -> LogState {
    logs[loop.index].get.follow(channel)
  }

  /// The log may be forgotten again once it is empty.
  public func unfollow(_ channel: ChannelName, on loop: EventLoop) {
    logs[loop.index].get.unfollow(channel)
  }

  /// What the log holds.
  public func state(
    of channel: ChannelName, on loop: EventLoop
  ) async throws(PublishError) -> LogState {
    logs[loop.index].get.state(of: channel)
  }

  /// Some of what the log holds.
  public func read(
    _ channel: ChannelName, from offset: UInt64, eventsMax: Int, bytesMax: Int,
    on loop: EventLoop
  ) async throws(PublishError) -> HistoryPage {
    logs[loop.index].get.read(
      channel, from: offset, eventsMax: eventsMax, bytesMax: bytesMax)
  }

  /// What the log holds, in numbers.
  public func retained(
    _ channel: ChannelName, on loop: EventLoop
  ) -> (head: Position, events: Int, bytes: Int)? {
    logs[loop.index].get.retained(channel)
  }
}
