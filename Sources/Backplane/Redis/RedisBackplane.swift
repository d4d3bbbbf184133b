import FanfareActors
import FanfareRuntime

/// The backplane of many nodes: logs in a Redis that all of them share, sequenced there by one
/// function per publish.
///
/// One core, on the first loop, owns the two connections of the node. Each loop has a door to it.
public final class RedisBackplane: Backplane, Sendable {
  private let core: LoopConfined<RedisCore>
  private let doors: [LoopConfined<RedisDoor>]
  /// The place of the first loop in its group, in which all stand side by side.
  private let firstIndex: Int
  private let life: RedisLife
  private let feed = Locked<(any BackplaneFeed)?>(nil)

  /// A backplane over `loops`, which reaches its Redis by `connector`. ``connect(to:)`` and
  /// ``start()`` come before anything else.
  package init?(
    loops: [EventLoop], settings: RedisSettings, limits: Limits, namespaces: Namespaces,
    connector: any RedisConnector, observer: any RedisObserver
  ) {
    guard let first = loops.first, let probe = ChannelName("fanfare:probe-\(settings.nodeID)")
    else { return nil }
    let core = LoopConfined(
      RedisCore(
        loops: loops, settings: settings, limits: limits, namespaces: namespaces, probe: probe,
        connector: connector, observer: observer), to: first)
    self.core = core
    doors = loops.enumerated().map { index, loop in
      LoopConfined(RedisDoor(index: index, loop: loop, core: core), to: loop)
    }
    firstIndex = first.index
    life = RedisLife(core)
  }

  /// Sends every event to `feed` from now on. Nothing is proven before the first probe has come
  /// back.
  public func connect(to feed: any BackplaneFeed) {
    self.feed.withLock { $0 = feed }
    feed.backplane(is: .unproven)
  }

  /// Begins to connect. Messages to loops keep their order, so whatever is asked after this call
  /// finds the backplane started. Any thread.
  public func start() {
    let feed = feed.withLock { $0 }
    for door in doors { _ = door.loop.post { door.get.start(feed) } }
    let core = core
    let doors = doors
    _ = core.loop.post { core.get.start(doors: doors, feed: feed) }
  }

  /// Leaves the other nodes and ends the connections. What is asked from now on is refused.
  public func stop() async {
    await life.stop()
  }

  /// The nodes that were alive when this one last asked, this one among them. Any thread.
  package func nodes() async -> [NodeRecord] {
    await life.nodes()
  }

  private func door(_ loop: EventLoop) -> RedisDoor { doors[loop.index - firstIndex].get }

  // MARK: The port

  /// Sequences `drafts` by one round trip.
  public func publish(
    _ drafts: [Draft], to channel: ChannelName, key: PublishKey?, on loop: EventLoop
  ) async throws(PublishError) -> [Position] {
    guard !drafts.isEmpty else { return [] }
    switch await door(loop).ask(.publish(drafts, to: channel, key)) {
    case .positions(let positions): return positions
    case .failed(let error): throw error
    case .log, .page: throw .outcomeUnknown
    }
  }

  /// Subscribes to the feed of `channel`, and asks Redis where its log stands.
  public func follow(
    _ channel: ChannelName, on loop: EventLoop
  ) async throws(PublishError) -> LogState {
    try log(await door(loop).follow(channel))
  }

  /// The subscription ends a little later: a follower who comes back soon finds it.
  public func unfollow(_ channel: ChannelName, on loop: EventLoop) {
    door(loop).tell(.unfollow(channel))
  }

  /// What the log holds.
  public func state(
    of channel: ChannelName, on loop: EventLoop
  ) async throws(PublishError) -> LogState {
    try log(await door(loop).ask(.state(channel)))
  }

  private func log(_ answer: RedisAnswer) throws(PublishError) -> LogState {
    switch answer {
    case .log(let log): return log
    case .failed(let error): throw error
    case .positions, .page: throw .unavailable
    }
  }

  /// Some of what the log holds.
  public func read(
    _ channel: ChannelName, from offset: UInt64, eventsMax: Int, bytesMax: Int,
    on loop: EventLoop
  ) async throws(PublishError) -> HistoryPage {
    let request = RedisRequest.read(
      channel, from: offset, eventsMax: eventsMax, bytesMax: bytesMax)
    switch await door(loop).ask(request) {
    case .page(let page): return page
    case .failed(let error): throw error
    case .positions, .log: throw .unavailable
    }
  }

  /// Nothing: the log is in Redis.
  public func retained(
    _ channel: ChannelName, on loop: EventLoop
  ) -> (head: Position, events: Int, bytes: Int)? {
    nil
  }
}

/// Waits on the core's loop for those who are on none.
private actor RedisLife {
  nonisolated let unownedExecutor: UnownedSerialExecutor
  private let core: LoopConfined<RedisCore>

  init(_ core: LoopConfined<RedisCore>) {
    self.core = core
    unownedExecutor = core.loop.asUnownedSerialExecutor()
  }

  func stop() async {
    let gate = Gate(on: core.loop)
    core.get.stop { gate.open() }
    await gate.pass()
  }

  func nodes() -> [NodeRecord] { core.get.nodes }
}
