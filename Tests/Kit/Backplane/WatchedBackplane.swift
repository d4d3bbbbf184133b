import FanfareActors
import FanfareRuntime

/// A backplane between whose port and its hub a ``RecordedFeed`` listens: what it is fed of every
/// channel that the hub follows is held against the port's promise.
package struct WatchedBackplane: Backplane {
  private let inner: any Backplane
  private let record: RecordedFeed

  package init(_ inner: any Backplane, _ record: RecordedFeed) {
    self.inner = inner
    self.record = record
  }

  package func connect(to feed: any BackplaneFeed) {
    inner.connect(to: WatchedFeed(record: record, feed: feed))
  }

  package func start() { inner.start() }

  package func stop() async { await inner.stop() }

  package func publish(
    _ drafts: [Draft], to channel: ChannelName, key: PublishKey?, on loop: EventLoop
  ) async throws(PublishError) -> [Position] {
    try await inner.publish(drafts, to: channel, key: key, on: loop)
  }

  package func follow(
    _ channel: ChannelName, on loop: EventLoop
  ) async throws(PublishError) -> LogState {
    let log = try await inner.follow(channel, on: loop)
    record.begin(channel, at: log)
    return log
  }

  package func unfollow(_ channel: ChannelName, on loop: EventLoop) {
    record.end(channel)
    inner.unfollow(channel, on: loop)
  }

  package func state(
    of channel: ChannelName, on loop: EventLoop
  ) async throws(PublishError) -> LogState {
    try await inner.state(of: channel, on: loop)
  }

  package func read(
    _ channel: ChannelName, from offset: UInt64, eventsMax: Int, bytesMax: Int,
    on loop: EventLoop
  ) async throws(PublishError) -> HistoryPage {
    try await inner.read(
      channel, from: offset, eventsMax: eventsMax, bytesMax: bytesMax, on: loop)
  }

  package func retained(
    _ channel: ChannelName, on loop: EventLoop
  ) -> (head: Position, events: Int, bytes: Int)? {
    inner.retained(channel, on: loop)
  }
}

private struct WatchedFeed: BackplaneFeed {
  let record: RecordedFeed
  let feed: any BackplaneFeed

  func received(_ events: [Event], in channel: ChannelName) {
    record.received(events, in: channel)
    feed.received(events, in: channel)
  }

  func skipped(through offset: UInt64, in channel: ChannelName) {
    record.skipped(through: offset, in: channel)
    feed.skipped(through: offset, in: channel)
  }

  func restarted(_ log: LogState, in channel: ChannelName) {
    record.restarted(log, in: channel)
    feed.restarted(log, in: channel)
  }

  func backplane(is health: BackplaneHealth) {
    record.backplane(is: health)
    feed.backplane(is: health)
  }
}
