import FanfareRuntime
import Synchronization

/// The hub of one node: every channel has its home on one of the loops and a shard on each loop
/// that has followers.
public final class Hub: BackplaneFeed, Sendable {
  /// The hub's part on each loop, by index.
  public let hubLoops: [HubLoop]
  /// The bounds.
  public let limits: Limits
  /// The namespaces.
  public let namespaces: Namespaces
  private let said = Locked(HealthWord())
  private let stopped = Atomic<Bool>(false)

  /// A hub over `loops`. Call ``start()`` before anything else.
  public init(
    loops: [EventLoop], backplane: any Backplane, limits: Limits, namespaces: Namespaces
  ) {
    self.limits = limits
    self.namespaces = namespaces
    let counts = HubCounts()
    hubLoops = loops.map { loop in
      let fanout = Fanout(
        loop: loop, loops: loops.count, limits: limits, namespaces: namespaces)
      return HubLoop(
        loop: loop, fanout: LoopConfined(fanout, to: loop), backplane: backplane,
        limits: limits, namespaces: namespaces, counts: counts)
    }
  }

  /// Joins the loops. Messages to them keep their order, so whatever is asked after this call finds
  /// the hub started. Any thread.
  public func start() {
    for hubLoop in hubLoops {
      _ = hubLoop.loop.post { hubLoop.assumeIsolated { $0.start(self) } }
    }
  }

  /// Ends every wait and refuses what is asked from now on.
  public func stop() async {
    stopped.store(true, ordering: .relaxed)
    for hubLoop in hubLoops { await hubLoop.stop() }
  }

  /// Whether ``stop()`` has been called.
  public var isStopped: Bool { stopped.load(ordering: .relaxed) }

  /// What the backplane last said of itself.
  public var health: BackplaneHealth { lastWord.health }

  var lastWord: HealthWord { said.withLock { $0 } }

  static func home(of channel: ChannelName, loops: Int) -> Int {
    Int(channel.hash % UInt64(loops))
  }

  /// The loop on which `channel` is sequenced.
  func home(of channel: ChannelName) -> HubLoop {
    hubLoops[Self.home(of: channel, loops: hubLoops.count)]
  }

  /// Whether `channel` is sequenced on the loop of `hubLoop`.
  package func isHome(_ hubLoop: HubLoop, of channel: ChannelName) -> Bool {
    home(of: channel) === hubLoop
  }

  /// Publishes `drafts` to `channel`. Returns their positions once they are sequenced and retained.
  public func publish(
    _ drafts: [Draft], to channel: ChannelName, key: IdempotencyKey? = nil
  ) async throws(PublishError) -> [Position] {
    try await home(of: channel).publish(drafts, to: channel, key: key)
  }

  /// Answers `poll` from the loop of its first channel.
  public func answer(
    _ poll: Poll, hangUp: HangUp? = nil
  ) async throws(PublishError) -> PollAnswer {
    guard let first = poll.follows.first else {
      return PollAnswer(events: [], cursor: [], verdicts: [])
    }
    return try await home(of: first.channel).answer(poll, hangUp: hangUp)
  }

  // MARK: Between loops

  /// The backplane's feed; on the channel's home loop.
  public func received(_ events: [Event], in channel: ChannelName) {
    home(of: channel).assumeIsolated { $0.receive(.events(events), in: channel) }
  }

  /// The backplane's word that events are lost; on the channel's home loop.
  public func skipped(through offset: UInt64, in channel: ChannelName) {
    home(of: channel).assumeIsolated { $0.receive(.skipped(through: offset), in: channel) }
  }

  /// The backplane's word that a log began anew; on the channel's home loop.
  public func restarted(_ log: LogState, in channel: ChannelName) {
    home(of: channel).assumeIsolated { $0.receive(.restarted(log), in: channel) }
  }

  /// The backplane's word on itself. Any thread.
  public func backplane(is health: BackplaneHealth) {
    let word = said.withLock { said in
      said = HealthWord(number: said.number + 1, health: health)
      return said
    }
    // Where an inbox is full, the loop finds out by itself at its next sweep.
    for hubLoop in hubLoops {
      _ = hubLoop.loop.post { hubLoop.assumeIsolated { $0.note(word) } }
    }
  }

  func receive(_ messages: [HubMessage], on index: Int) {
    hubLoops[index].assumeIsolated { $0.receive(messages) }
  }

  func post(_ messages: [HubMessage], to index: Int) -> Bool {
    let hubLoop = hubLoops[index]
    return hubLoop.loop.post { hubLoop.assumeIsolated { $0.receive(messages) } }
  }

  // MARK: Operators

  /// What all loops have counted.
  public func metrics() async -> HubMetrics {
    var sum = HubMetrics(namespaces: namespaces.names.count)
    for hubLoop in hubLoops { sum.add(await hubLoop.metrics()) }
    return sum
  }

  /// The open channels, by name.
  public func channels() async -> [ChannelSummary] {
    var summaries: [ChannelName: ChannelSummary] = [:]
    for hubLoop in hubLoops {
      for summary in await hubLoop.summaries() { summaries[summary.channel] = summary }
    }
    for hubLoop in hubLoops {
      for shard in await hubLoop.shardSummaries() { summaries[shard.channel]?.add(shard) }
    }
    return summaries.values.sorted { $0.channel < $1.channel }
  }
}
