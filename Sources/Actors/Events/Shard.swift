import DequeModule
import FanfareRuntime

/// One channel on one loop: its mailbox, encoded once per wire format in use, and the followers
/// whose cursors stand in it. Loop-confined.
final class Shard {
  private enum State {
    case joining
    case live(Epoch)
  }

  let channel: ChannelName
  let namespace: Int
  let settings: NamespaceSettings
  /// The loop on which the channel is sequenced.
  let home: Int
  private var state = State.joining
  /// The offset of the newest event seen; what the log said when this shard joined it.
  private(set) var head: UInt64 = 0
  /// The oldest event that history held when it was last asked.
  private var historyOldest: UInt64 = 1
  /// The offset after the newest hole of the feed. What lies before it has left the log.
  private(set) var holeEnd: UInt64 = 0
  private(set) var mailbox = Deque<Event>()
  /// What the mailbox's events need at most in any one wire format.
  private var mailboxBytes = 0
  private(set) var rings: [EncodedEvents] = []
  private(set) var followers: [Follower] = []
  /// Where each of ``followers`` stands, in their order.
  var lanes: [Lane] = []
  /// How many followers read in each wire format.
  private var readers: [(format: Int16, count: Int)] = []
  /// Followers that wait for the log's answer to `inspect`.
  var inspecting: [Follower] = []
  /// Followers that wait for a page of history, by the offset it begins with.
  var fetching: [UInt64: [Follower]] = [:]
  /// Polls that wait for an event, or for the shard to join.
  private(set) var waiters: [WaitingPlace] = []
  /// When the last follower left; `nil` while there is interest.
  var idleSince: MonotonicInstant?
  var pass = Pass()
  /// Events told missing to followers attached here.
  var dropped: UInt64 = 0

  /// The state of the walk over all followers that offers them what is new.
  struct Pass {
    /// The follower to be visited next; `nil` while no pass runs.
    var index: Int?
    var isQueued = false
    /// The newest event when the pass began: when it ends, all have been offered it.
    var target: UInt64 = 0
    /// When the oldest event that no pass has covered was accepted.
    var pendingSince: MonotonicInstant?
    var since: MonotonicInstant?
  }

  init(channel: ChannelName, namespace: Int, settings: NamespaceSettings, home: Int) {
    self.channel = channel
    self.namespace = namespace
    self.settings = settings
    self.home = home
  }

  var isJoining: Bool {
    switch state {
    case .joining: true
    case .live: false
    }
  }

  /// The life of the log. Only a shard that has joined has one.
  var epoch: Epoch {
    switch state {
    case .joining: preconditionFailure("the epoch of \(channel) was asked for while joining")
    case .live(let epoch): epoch
    }
  }

  var hasInterest: Bool { !followers.isEmpty || !waiters.isEmpty }

  /// The log's state as far as this loop knows it: the mailbox holds what it holds, whatever has
  /// left history meanwhile.
  var known: LogState {
    LogState(epoch: epoch, head: head, oldest: min(historyOldest, mailboxFirst))
  }

  /// The offset of the first event in the mailbox; the next one while it is empty.
  var mailboxFirst: UInt64 { head + 1 - UInt64(mailbox.count) }

  func join(_ log: LogState) {
    guard isJoining else { return }
    state = .live(log.epoch)
    head = log.head
    historyOldest = log.oldest
  }

  /// History said what it holds; it only ever loses more.
  func learn(_ log: LogState) {
    historyOldest = max(historyOldest, log.oldest)
  }

  /// The log as it says itself, which may be ahead of the feed, with what the mailbox still holds,
  /// unless events between the two are lost.
  func extended(by log: LogState) -> LogState {
    LogState(
      epoch: epoch, head: max(head, log.head),
      oldest: historyOldest > head + 1 ? historyOldest : known.oldest)
  }

  /// The log began anew.
  func restart(_ log: LogState) {
    state = .live(log.epoch)
    head = log.head
    historyOldest = log.oldest
    holeEnd = 0
    fetching = [:]
    pass.target = min(pass.target, head)
    pass.pendingSince = nil
    clear()
  }

  /// The events up to `offset` that were not appended are lost to this node.
  func skip(through offset: UInt64) {
    guard offset > head else { return }
    head = offset
    historyOldest = max(historyOldest, offset + 1)
    holeEnd = offset + 1
    clear()
  }

  private func clear() {
    mailbox.removeAll()
    mailboxBytes = 0
    for index in rings.indices {
      rings[index] = EncodedEvents(format: rings[index].format, firstOffset: head + 1)
    }
  }

  /// Appends what the feed has brought; what lies between it and what it brought before is a hole.
  func append(_ events: [Event], limits: Limits) {
    if let first = events.first { skip(through: first.position.offset - 1) }
    for event in events {
      head += 1
      mailbox.append(event)
      mailboxBytes += event.frameBytesMax
      for index in rings.indices { rings[index].append(event) }
      if pass.pendingSince == nil { pass.pendingSince = event.acceptedAt }
    }
    while mailbox.count > 1,
      mailbox.count > limits.mailboxEventsMax || mailboxBytes > limits.mailboxBytesMax
    {
      mailboxBytes -= mailbox.removeFirst().frameBytesMax
    }
    // Rings hold just what the mailbox holds: an event that is in one and not in the other could
    // neither be sent nor be fetched.
    for index in rings.indices { rings[index].trim(to: mailboxFirst) }
  }

  // MARK: Followers

  func add(_ follower: Follower) {
    follower.slot = followers.count
    followers.append(follower)
    lanes.append(Lane(follower.subscriber))
    idleSince = nil
    let format = follower.subscriber.formatIdentity
    if let index = readers.firstIndex(where: { $0.format == format }) {
      readers[index].count += 1
    } else {
      readers.append((format, 1))
    }
  }

  func remove(_ follower: Follower) {
    var hole = follower.slot
    guard hole >= 0, hole < followers.count, followers[hole] === follower else { return }
    // Before another follower takes its lane.
    follower.countPasses()
    follower.slot = -1
    // A running pass has visited all before its index. The hole is first moved to the edge of
    // that part: filling it with the last follower would make the pass skip that one.
    if let index = pass.index, hole < index {
      move(from: index - 1, to: hole)
      hole = index - 1
      pass.index = index - 1
    }
    move(from: followers.count - 1, to: hole)
    followers.removeLast()
    lanes.removeLast()
    dropReader(of: follower.subscriber.formatIdentity)
    inspecting.removeAll { $0 === follower }
    if follower.state == .fetching {
      for key in fetching.keys { fetching[key]?.removeAll { $0 === follower } }
    }
  }

  private func move(from source: Int, to target: Int) {
    guard source != target else { return }
    followers[target] = followers[source]
    lanes[target] = lanes[source]
    followers[target].slot = target
  }

  // MARK: Waiters

  func add(_ place: WaitingPlace) {
    place.slot = waiters.count
    waiters.append(place)
    idleSince = nil
  }

  func remove(_ place: WaitingPlace) {
    guard place.slot < waiters.count, waiters[place.slot] === place else { return }
    waiters[place.slot] = waiters[waiters.count - 1]
    waiters[place.slot].slot = place.slot
    waiters.removeLast()
  }

  // MARK: Rings

  /// The index of the ring of `format`. One that did not exist begins with what the mailbox holds.
  func ringIndex(for subscriber: Subscriber) -> Int {
    if let index = ringIndex(ofFormat: subscriber.formatIdentity) { return index }
    let format = subscriber.format
    var ring = EncodedEvents(format: format, firstOffset: mailboxFirst)
    for event in mailbox { ring.append(event) }
    rings.append(ring)
    return rings.count - 1
  }

  func ringIndex(ofFormat format: Int16) -> Int? {
    for index in rings.indices where rings[index].identity == format { return index }
    return nil
  }

  /// A ring without readers would be encoded for nobody.
  private func dropReader(of format: Int16) {
    guard let index = readers.firstIndex(where: { $0.format == format }) else { return }
    readers[index].count -= 1
    guard readers[index].count == 0 else { return }
    readers.remove(at: index)
    rings.removeAll { $0.identity == format }
  }
}
