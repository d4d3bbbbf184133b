import FanfareRuntime

/// What one loop holds of the hub: the channels whose home it is, and the door to its event path.
/// Pinned to the loop.
public actor HubLoop: TimerTarget {
  /// The loop.
  public nonisolated let unownedExecutor: UnownedSerialExecutor
  /// The event path of this loop, for those who run on it.
  public nonisolated let fanout: LoopConfined<Fanout>
  nonisolated let loop: EventLoop
  let backplane: any Backplane
  let limits: Limits
  let namespaces: Namespaces
  private let counts: HubCounts
  private var channels = ChannelTable<Channel>()
  private var timer = TimerToken.none
  private var heard = HealthWord()
  private var lastFullSweep = MonotonicInstant(nanoseconds: 0)

  private static let sweepInterval = Duration.seconds(1)
  private static let sweptPerInterval = 2_000

  init(
    loop: EventLoop, fanout: LoopConfined<Fanout>, backplane: any Backplane, limits: Limits,
    namespaces: Namespaces, counts: HubCounts
  ) {
    self.loop = loop
    unownedExecutor = loop.asUnownedSerialExecutor()
    self.fanout = fanout
    self.backplane = backplane
    self.limits = limits
    self.namespaces = namespaces
    self.counts = counts
  }

  func start(_ hub: Hub) {
    fanout.get.start(hub)
    timer = loop.schedule(after: Self.sweepInterval, self)
  }

  // MARK: Channels

  /// The channel `name`, opened if need be.
  func open(_ name: ChannelName) throws(PublishError) -> Channel {
    if let channel = channels[name] { return channel }
    if !counts.openChannel(max: limits.channelsMax) {
      // At most once a second: at the bound every new name would ask for it.
      if loop.now - lastFullSweep >= Self.sweepInterval {
        lastFullSweep = loop.now
        sweepChannels(.max)
      }
      guard counts.openChannel(max: limits.channelsMax) else { throw .tooManyChannels }
    }
    let channel = Channel(
      name: name, loop: loop, namespace: namespaces.index(of: name), limits: limits,
      backplane: backplane, fanout: fanout, counts: counts)
    channels.insert(channel, for: name)
    return channel
  }

  /// Publishes to a channel whose home this is.
  func publish(
    _ drafts: [Draft], to name: ChannelName, key: IdempotencyKey?
  ) async throws(PublishError) -> [Position] {
    guard !fanout.get.isStopping else { throw .unavailable }
    return try await open(name).publish(drafts, key: key)
  }

  /// Refuses what is asked from now on, and lets everyone who waits here go.
  func stop() {
    fanout.get.stop()
    for channel in channels.values { channel.assumeIsolated { $0.moveWholeLine() } }
  }

  /// The backplane's feed for a channel whose home this is.
  func receive(_ fed: Channel.Fed, in name: ChannelName) {
    channels[name]?.assumeIsolated { $0.receive(fed) }
  }

  /// Tells every loop what the backplane said of itself, behind the events that it had brought to
  /// this one when it said so: nobody is told that continuity is restored before what was missing.
  /// What it says by now may be true only behind events that are still on their way.
  func note(_ word: HealthWord) {
    guard let hub = fanout.get.hub, word.number > heard.number else { return }
    let before = heard.health
    heard = word
    guard word.health != before else { return }
    for index in hub.hubLoops.indices {
      fanout.get.send(.health(word.health, home: loop.index), to: index)
    }
  }

  /// Messages of one loop, in its order.
  func receive(_ messages: [HubMessage]) {
    for message in messages { receive(message) }
  }

  private func receive(_ message: HubMessage) {
    switch message {
    case .attach(let name, let loop):
      do {
        let channel = try open(name)
        channel.assumeIsolated { $0.attach(loop: loop) }
      } catch {
        fanout.get.send(.refused(name), to: loop)
      }
    case .detach(let name, let loop):
      channels[name]?.assumeIsolated { $0.detach(loop: loop) }
    case .flushed(let name, let loop, let offset):
      channels[name]?.assumeIsolated { $0.flushed(loop: loop, through: offset) }
    case .inspect(let name, let loop):
      channels[name]?.assumeIsolated { $0.inspect(for: loop) }
    case .read(let name, let loop, let offset, let events):
      channels[name]?.assumeIsolated { $0.read(from: offset, events: events, for: loop) }
    case .health(let health, _):
      fanout.get.receive(message)
      guard health == .unproven else { return }
      for channel in channels.values { channel.assumeIsolated { $0.moveWholeLine() } }
    case .attached, .refused, .inspected, .events, .skipped, .restarted, .page:
      fanout.get.receive(message)
    }
  }

  // MARK: Sweeping

  /// Once a second: lets go of what nobody wants any more.
  public nonisolated func timerFired() {
    assumeIsolated { $0.sweep() }
  }

  private func sweep() {
    fanout.get.sweep()
    sweepChannels(Self.sweptPerInterval)
    timer = loop.schedule(after: Self.sweepInterval, self)
    // Behind what waits in the inbox, as every word of the backplane.
    guard let word = fanout.get.hub?.lastWord, word.number > heard.number else { return }
    _ = loop.post { self.assumeIsolated { $0.note(word) } }
  }

  private func sweepChannels(_ limit: Int) {
    for (name, channel) in channels.sweep(limit) {
      let isIdle = channel.assumeIsolated { $0.isIdle() }
      guard isIdle, backplane.retained(name, on: loop) == nil else { continue }
      channels.remove(name)
      counts.closeChannel()
    }
  }

  // MARK: Operators

  /// The channels whose home this is.
  func summaries() -> [ChannelSummary] {
    channels.values.map { channel in
      let retained = backplane.retained(channel.name, on: loop)
      return ChannelSummary(
        channel: channel.name, namespace: namespaces.names[namespaces.index(of: channel.name)],
        head: retained?.head ?? channel.assumeIsolated { $0.head },
        historyEvents: retained?.events ?? 0, historyBytes: retained?.bytes ?? 0)
    }
  }

  /// The shards of this loop, as they add to the summaries of their channels.
  func shardSummaries() -> [ShardSummary] {
    fanout.get.shards.values.map { shard in
      let lags = shard.followers.map(\.lag)
      return ShardSummary(
        channel: shard.channel, depth: shard.mailbox.count, followers: shard.followers.count,
        lagMax: lags.max() ?? 0, dropped: shard.dropped)
    }
  }

  func metrics() -> HubMetrics {
    var metrics = fanout.get.snapshot()
    metrics.channels = UInt64(channels.count)
    return metrics
  }
}
