import FanfareRuntime

/// Why events were not published, or a log could not be asked.
public enum PublishError: Error, Sendable, Equatable {
  /// The node holds as many channels as it may.
  case tooManyChannels
  /// Too many publishes wait, for the channel's followers or for the backplane.
  case paced
  /// The key was used for another body in this channel.
  case keyMismatch
  /// The node remembers as many idempotency keys as it may.
  case tooManyKeys
  /// The server is stopping, or the backplane is away: nothing was published.
  case unavailable
  /// The backplane's connection ended before it answered, or it took a part only: the events may
  /// have been published. The same publish with the same key completes it.
  case outcomeUnknown
}

/// What makes a publish the same on every node.
public struct PublishKey: Sendable, Equatable {
  /// Unique within the channel; any bytes.
  public let name: [UInt8]
  /// Tells another body under the same name.
  public let fingerprint: UInt64

  /// The key `name` of a publish whose body has this fingerprint.
  public init(name: [UInt8], fingerprint: UInt64) {
    self.name = name
    self.fingerprint = fingerprint
  }
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

/// Whether continuity can be promised: a publish of this node has lately come back on its feed.
public enum BackplaneHealth: Sendable, Equatable {
  /// It can.
  case proven
  /// The backplane is away, or does not bring what it was given.
  case unproven
}

/// Hears the events of a backplane, each channel's in order.
public protocol BackplaneFeed: Sendable {
  /// `events` have been sequenced in `channel`, whose log is in the life that the feed began with,
  /// or began anew with. Called on the channel's home loop.
  ///
  /// They follow one another. The first may lie past the one after the newest fed before: those
  /// between have left the log and are lost to this node's followers. Never an earlier one.
  func received(_ events: [Event], in channel: ChannelName)

  /// All events up to `offset` that were not fed are lost to this node's followers, and the log
  /// holds none after it yet: what is fed next follows it. Called on the channel's home loop.
  func skipped(through offset: UInt64, in channel: ChannelName)

  /// The log of `channel` began anew: what is fed from now on follows `log.head`. Called on the
  /// channel's home loop.
  func restarted(_ log: LogState, in channel: ChannelName)

  /// Whether continuity can be promised at the moment. A node begins proven. Any thread.
  func backplane(is health: BackplaneHealth)
}

/// Where events are sequenced and retained: in this process, or in what several nodes share.
///
/// Every call that names a loop is made on the home loop of its channel and returns there. A
/// channel's events are sequenced in the order in which the calls were made; they reach the feed in
/// that order, never through the return of ``publish(_:to:key:on:)``.
public protocol Backplane: Sendable {
  /// Sends every event to `feed` from now on. Once, before anything else. One that others share
  /// says here that nothing is proven yet.
  func connect(to feed: any BackplaneFeed)

  /// Begins to work. Once, after ``connect(to:)``. Any thread.
  func start()

  /// Ends what ``start()`` began. What is asked from now on is refused. Any thread.
  func stop() async

  /// Sequences and retains `drafts` in one step. Returns their positions, in order.
  ///
  /// - Parameter key: the first publish of a name decides; for two minutes another one gets its
  ///   positions and publishes nothing, on whichever node, or ``PublishError/keyMismatch``.
  func publish(
    _ drafts: [Draft], to channel: ChannelName, key: PublishKey?, on loop: EventLoop
  ) async throws(PublishError) -> [Position]

  /// Begins the feed of `channel` and says what its log holds: every event after the returned head
  /// comes through the feed, none before the caller has gone on.
  func follow(
    _ channel: ChannelName, on loop: EventLoop
  ) async throws(PublishError) -> LogState

  /// Ends what ``follow(_:on:)`` began.
  func unfollow(_ channel: ChannelName, on loop: EventLoop)

  /// What the log of `channel` holds. It may be ahead of what the feed has brought.
  func state(
    of channel: ChannelName, on loop: EventLoop
  ) async throws(PublishError) -> LogState

  /// At most `eventsMax` events of at most `bytesMax` bytes (but at least one), from the first
  /// retained at or after `offset`. They may be ahead of what the feed has brought.
  func read(
    _ channel: ChannelName, from offset: UInt64, eventsMax: Int, bytesMax: Int,
    on loop: EventLoop
  ) async throws(PublishError) -> HistoryPage

  /// What this node knows of the log without asking anyone; `nil` when it retains nothing.
  func retained(
    _ channel: ChannelName, on loop: EventLoop
  ) -> (head: Position, events: Int, bytes: Int)?
}

extension Backplane {
  /// One that needs no others has nothing to begin.
  public func start() {}

  /// And nothing to end.
  public func stop() async {}
}
