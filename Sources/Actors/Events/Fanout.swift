import DequeModule
import FanfareRuntime

/// The event path of one loop: the shards that live here, the followers that wait to be fed, and
/// what this loop has to say to the others. Loop-confined and synchronous; nothing here awaits.
///
/// Events arrive in batches from the homes of their channels and are appended to their shards; at
/// the end of the turn every follower is offered what is new, in slices, with one send each.
public final class Fanout: TurnParticipant {
  /// The sends of one slice: about two milliseconds of kernel time, after which sockets are read
  /// and connections accepted again.
  static let sendsPerSliceMax = 512
  /// How long a shard outlives its last follower, so that one reconnect does not unfollow and
  /// follow.
  static let linger = Duration.seconds(2)
  /// The bytes of encoded history pages that a loop keeps for those who catch up.
  static let pageBytesMax = 32 * 1024 * 1024

  let loop: EventLoop
  let limits: Limits
  let namespaces: Namespaces
  private(set) weak var hub: Hub?
  private(set) var shards = ChannelTable<Shard>()
  private var passes = Deque<Shard>()
  private var ready = Deque<Subscriber>()
  private var outgoing: [[HubMessage]]
  private var idle: [Shard] = []
  /// The wire formats in use, each once.
  private var formats: [SharedFormat] = []
  var pages = PageCache(bytesMax: Fanout.pageBytesMax)
  var gather = Gather()
  var metrics: HubMetrics
  /// Bytes that wait on blocked sockets of this loop.
  var stalledBytes = 0
  /// Connections that follow something on this loop.
  var subscribers = 0
  /// Whether the hub has been stopped.
  private(set) var isStopping = false
  /// What each channel's home has heard of the backplane, and what that is together.
  var homes: [BackplaneHealth]
  var health = BackplaneHealth.proven
  /// Those who ask the backplane again, and the attachments that wait for it.
  let retries: RetryTimer
  let holds: Holds
  /// What this slice may still send.
  var sendsLeft = 0
  /// ``sendsPerSliceMax``; a test makes it small, so that passes are interrupted everywhere.
  var sendsPerSlice = Fanout.sendsPerSliceMax

  init(loop: EventLoop, loops: Int, limits: Limits, namespaces: Namespaces) {
    self.loop = loop
    self.limits = limits
    self.namespaces = namespaces
    outgoing = Array(repeating: [], count: loops)
    homes = Array(repeating: .proven, count: loops)
    retries = RetryTimer(on: loop)
    holds = Holds(on: loop)
    metrics = HubMetrics(namespaces: namespaces.names.count)
  }

  func start(_ hub: Hub) {
    self.hub = hub
    loop.addTurnParticipant(self)
  }

  /// The one holder of `format`.
  func shared(_ format: any WireFormat) -> SharedFormat {
    let identity = Int16(format.identity)
    if let known = formats.first(where: { $0.identity == identity }) { return known }
    let new = SharedFormat(format)
    formats.append(new)
    return new
  }

  // MARK: Shards

  /// The shard of `channel` on this loop; one that did not exist asks to join.
  func shard(for channel: ChannelName) -> Shard {
    if let shard = shards[channel] {
      shard.idleSince = nil
      return shard
    }
    let namespace = namespaces.index(of: channel)
    let shard = Shard(
      channel: channel, namespace: namespace, settings: namespaces[namespace],
      home: Hub.home(of: channel, loops: outgoing.count))
    shards.insert(shard, for: channel)
    send(.attach(channel, loop: loop.index), to: shard.home)
    return shard
  }

  func leave(_ follower: Follower) {
    let shard = follower.shard
    shard.remove(follower)
    noteInterest(in: shard)
  }

  /// Lets go of a shard that nobody has wanted for a while.
  func noteInterest(in shard: Shard) {
    guard !shard.hasInterest, shard.idleSince == nil else { return }
    shard.idleSince = loop.now
    idle.append(shard)
  }

  /// Called once a second.
  func sweep() {
    guard !idle.isEmpty else { return }
    idle.removeAll { shard in
      guard let since = shard.idleSince, !shard.hasInterest else { return true }
      guard loop.now - since >= Self.linger else { return false }
      // An abandoned shard may have a successor by now, which is not idle.
      guard shards[shard.channel] === shard else { return true }
      shards.remove(shard.channel)
      pages.forget(shard.channel)
      send(.detach(shard.channel, loop: loop.index), to: shard.home)
      return true
    }
  }

  // MARK: Messages

  func send(_ message: HubMessage, to loop: Int) {
    outgoing[loop].append(message)
  }

  /// What the home of a channel says to its shard here.
  func receive(_ message: HubMessage) {
    switch message {
    case .attach, .detach, .flushed, .inspect, .read:
      preconditionFailure("a message for a channel's home reached a shard")
    case .attached(let channel, let log):
      guard let shard = shards[channel] else { return }
      shard.join(log)
      for place in shard.waiters { place.waiter.signal() }
      for follower in shard.followers where follower.state == .joining { judge(follower) }
    case .refused(let channel):
      refused(channel)
    case .inspected(let channel, let log):
      inspected(channel, log)
    case .events(let channel, let events):
      // A joining shard is told its state first; what comes before that is in the state.
      guard let shard = shards[channel], !shard.isJoining else { return }
      shard.append(events, limits: limits)
      metrics.mailboxDepth.observe(Double(shard.mailbox.count))
      for place in shard.waiters { place.waiter.signal() }
      queue(shard)
    case .skipped(let channel, let offset):
      guard let shard = shards[channel], !shard.isJoining else { return }
      shard.skip(through: offset)
      for place in shard.waiters { place.waiter.signal() }
      queue(shard)
    case .restarted(let channel, let log): restarted(channel, log)
    case .health(let health, let home): noteHealth(health, home: home)
    case .page(let channel, let asked, let page):
      arrived(channel, asked: asked, page)
    }
  }

  private func refused(_ channel: ChannelName) {
    guard let shard = shards[channel] else { return }
    abandon(shard, .tooManyChannels)
  }

  /// Gives up a shard that cannot go on. Whoever follows it comes back to a new one.
  private func abandon(_ shard: Shard, _ reason: EndReason) {
    shards.remove(shard.channel)
    pages.forget(shard.channel)
    send(.detach(shard.channel, loop: loop.index), to: shard.home)
    for place in shard.waiters { place.waiter.end() }
    for follower in shard.followers { follower.subscriber.refused(follower, reason) }
  }

  /// A jittered time after which a client may come back.
  func retry() -> Duration {
    .milliseconds(Int64.random(in: 1_000...4_000, using: &loop.random))
  }

  // MARK: The turn's end

  /// Delivers messages and feeds followers, as far as one slice goes.
  public func endOfTurn() -> Bool {
    deliverToSelf()
    // Other loops begin while this one is still sending.
    deliverToOthers()
    sendsLeft = sendsPerSlice
    flush()
    deliverToSelf()
    let delivered = deliverToOthers()
    return !delivered || !passes.isEmpty || !ready.isEmpty || !outgoing[loop.index].isEmpty
  }

  private func deliverToSelf() {
    // Answers may ask again; what is asked in the third round waits for the next turn.
    for _ in 0..<3 where !outgoing[loop.index].isEmpty {
      var messages: [HubMessage] = []
      swap(&messages, &outgoing[loop.index])
      hub?.receive(messages, on: loop.index)
    }
  }

  @discardableResult
  private func deliverToOthers() -> Bool {
    var delivered = true
    for index in outgoing.indices where index != loop.index && !outgoing[index].isEmpty {
      if let hub, hub.post(outgoing[index], to: index) {
        outgoing[index] = []
      } else {
        delivered = false
      }
    }
    return delivered
  }

  func enqueue(_ subscriber: Subscriber) {
    guard !subscriber.isQueued else { return }
    subscriber.isQueued = true
    ready.append(subscriber)
  }

  private func queue(_ shard: Shard) {
    guard !shard.pass.isQueued else { return }
    shard.pass.isQueued = true
    passes.append(shard)
  }

  /// Those who catch up get half of a slice while passes wait, and what these leave over: neither
  /// may starve the other.
  private func flush() {
    feedReady(downTo: passes.isEmpty ? 0 : sendsLeft / 2)
    while sendsLeft > 0, let shard = passes.first, advance(shard) {
      passes.removeFirst()
      finishPass(shard)
    }
    feedReady(downTo: 0)
  }

  private func feedReady(downTo reserve: Int) {
    while sendsLeft > reserve, let subscriber = ready.popFirst() {
      subscriber.isQueued = false
      sendsLeft -= 1
      if feed(subscriber) { enqueue(subscriber) }
    }
  }

  /// Walks on over the followers of `shard`. Returns whether all have been visited.
  private func advance(_ shard: Shard) -> Bool {
    if shard.pass.index == nil {
      shard.pass.index = 0
      shard.pass.target = shard.head
      shard.pass.since = shard.pass.pendingSince
      shard.pass.pendingSince = nil
    }
    while let index = shard.pass.index, index < shard.followers.count {
      guard sendsLeft > 0 else { return false }
      guard !sendAlong(shard) else { continue }
      let follower = shard.followers[index]
      // Before the visit: it may end the follower, and `remove` corrects the index.
      shard.pass.index = index + 1
      guard follower.state == .ready, follower.next <= shard.head else { continue }
      let subscriber = follower.subscriber
      guard subscriber.canSend else { continue }
      sendsLeft -= 1
      let wantsMore =
        subscriber.isPlain
        ? feedPlain(follower, of: subscriber, shard) : feedGathered(subscriber)
      if wantsMore { enqueue(subscriber) }
    }
    return true
  }

  private func finishPass(_ shard: Shard) {
    shard.pass.index = nil
    shard.pass.isQueued = false
    if let since = shard.pass.since {
      metrics.fanoutSeconds.observe((loop.refreshNow() - since).inSeconds)
      shard.pass.since = nil
    }
    send(
      .flushed(shard.channel, loop: loop.index, through: shard.pass.target), to: shard.home)
    if shard.head > shard.pass.target { queue(shard) }
  }

  // MARK: Stopping

  /// Ends every wait on this loop. What is asked from now on is refused as unavailable.
  func stop() {
    isStopping = true
    retries.stop()
    for shard in shards.values {
      for place in shard.waiters { place.waiter.end() }
    }
  }

  // MARK: Accounts

  func subscriberEnded(_ reason: EndReason) {
    subscribers -= 1
    if reason.isEviction { metrics.evictions[reason, default: 0] += 1 }
  }

  /// What this loop has counted, with what it sees right now.
  func snapshot() -> HubMetrics {
    var snapshot = metrics
    for shard in shards.values {
      snapshot.followers += UInt64(shard.followers.count)
      for follower in shard.followers where follower.lag > 0 { snapshot.followersBehind += 1 }
    }
    return snapshot
  }
}
