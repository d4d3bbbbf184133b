import FanfareRuntime

/// Why events were not published.
public enum PublishError: Error, Sendable, Equatable {
  /// The node holds as many channels as it may.
  case tooManyChannels
  /// Too many publishes wait for the channel's followers to be served.
  case paced
  /// The key was used for another body in this channel.
  case keyMismatch
  /// The node remembers as many idempotency keys as it may.
  case tooManyKeys
  /// The server is stopping, or the backplane is away: nothing was published.
  case unavailable
}

/// Some of what a log retains.
public struct HistoryPage: Sendable {
  /// The log at the time of reading.
  public var state: LogState
  /// Consecutive events, oldest first; empty where the log retains none of what was asked for.
  public var events: [Event]

  /// A page of `events` from a log in `state`.
  public init(state: LogState, events: [Event]) {
    self.state = state
    self.events = events
  }
}

/// Hears the events of a backplane, each channel's in order and without a hole.
public protocol BackplaneFeed: Sendable {
  /// `events` have been sequenced in `channel`. Called on the channel's home loop.
  func received(_ events: [Event], in channel: ChannelName)
}

/// Where events are sequenced and retained: in this process, or in what several nodes share.
///
/// Every call is made on the home loop of its channel and returns there. A channel's events are
/// sequenced in the order in which the calls were made; they reach the feed in that order, never
/// through the return of ``publish(_:to:on:)``.
public protocol Backplane: Sendable {
  /// Sequences and retains `drafts` in one step. Returns their positions, in order.
  func publish(
    _ drafts: [Draft], to channel: ChannelName, on loop: EventLoop
  ) async throws(PublishError) -> [Position]

  /// Begins the feed of `channel` and says what its log holds: every event after the returned head
  /// comes through the feed.
  func follow(
    _ channel: ChannelName, on loop: EventLoop
  ) async throws(PublishError) -> LogState

  /// Ends what ``follow(_:on:)`` began.
  func unfollow(_ channel: ChannelName, on loop: EventLoop)

  /// What the log of `channel` holds.
  func state(
    of channel: ChannelName, on loop: EventLoop
  ) async throws(PublishError) -> LogState

  /// At most `eventsMax` events of at most `bytesMax` bytes (but at least one), from the first
  /// retained at or after `offset`.
  func read(
    _ channel: ChannelName, from offset: UInt64, eventsMax: Int, bytesMax: Int,
    on loop: EventLoop
  ) async throws(PublishError) -> HistoryPage

  /// What this node knows of the log without asking anyone; `nil` when it retains nothing.
  func retained(
    _ channel: ChannelName, on loop: EventLoop
  ) -> (head: Position, events: Int, bytes: Int)?
}
