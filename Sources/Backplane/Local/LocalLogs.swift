import FanfareActors
import FanfareRuntime

/// The logs of the channels whose home is one loop, in the order of their use. Confined to the
/// loop.
final class LocalLogs: TimerTarget {
  private static let sweepInterval = Duration.seconds(1)
  private static let sweptPerInterval = 4_000

  /// The ends of a list of logs in the order of their use; -1 where it is empty.
  private struct Recency {
    var mostRecent = -1
    var leastRecent = -1
  }

  private struct Slot {
    let channel: ChannelName
    var log: LocalLog
  }

  private let loop: EventLoop
  private let limits: Limits
  private let namespaces: Namespaces
  /// The bytes that the logs of this loop may hold together, and those that they hold.
  private let bytesMax: Int
  private var bytes = 0
  private var places: [ChannelName: Int] = [:]
  private var slots: [Slot?] = []
  private var free: [Int] = []
  /// The logs that hold events, those that do not, and of the latter those that are followed; see
  /// ``link(_:)``.
  private var lists = [Recency(), Recency(), Recency()]
  private static let holding = 0
  private static let dormant = 1
  private static let waiting = 2
  private var keys: LocalKeys
  private var sweepPlace = 0
  private var isSweeping = false

  init(
    loop: EventLoop, limits: Limits, namespaces: Namespaces, bytesMax: Int, keys: LocalKeyCount
  ) {
    self.keys = LocalKeys(ttl: limits.idempotencyTTL, total: keys)
    self.loop = loop
    self.limits = limits
    self.namespaces = namespaces
    self.bytesMax = bytesMax
  }

  func append(_ drafts: [Draft], to channel: ChannelName) -> [Event] {
    let place = use(channel)
    let wall = loop.wallMilliseconds()
    var events: [Event] = []
    events.reserveCapacity(drafts.count)
    change(place) { log in
      for draft in drafts {
        events.append(log.append(draft, to: channel, wall: wall, now: loop.now))
      }
      log.trim(bytesMax: limits.historyBytesMax, now: loop.now)
    }
    evict(keeping: place)
    return events
  }

  /// What an earlier publish under `key` was given; `nil` where this one is the first, which is to
  /// be remembered.
  func begin(_ key: PublishKey, in channel: ChannelName) throws(PublishError) -> [Position]? {
    keys.expire(at: loop.now)
    if let positions = try keys.positions(key, in: channel) { return positions }
    try keys.reserve()
    return nil
  }

  func remember(_ key: PublishKey, in channel: ChannelName, _ events: [Event]) {
    keys.remember(key, in: channel, events.map(\.position), now: loop.now)
  }

  /// Keeps the log's head and epoch while somebody follows it. Returns what it holds.
  func follow(_ channel: ChannelName) -> LogState {
    let place = use(channel)
    change(place) { $0.isFollowed = true }
    return trimmed(place).state
  }

  func unfollow(_ channel: ChannelName) {
    guard let place = places[channel] else { return }
    change(place) { $0.isFollowed = false }
  }

  func state(of channel: ChannelName) -> LogState {
    trimmed(use(channel)).state
  }

  func read(
    _ channel: ChannelName, from offset: UInt64, eventsMax: Int, bytesMax: Int
  ) -> HistoryPage {
    trimmed(use(channel)).read(from: offset, eventsMax: eventsMax, bytesMax: bytesMax)
  }

  func retained(_ channel: ChannelName) -> (head: Position, events: Int, bytes: Int)? {
    guard let place = places[channel], let log = slots[place]?.log, !log.events.isEmpty else {
      return nil
    }
    let head = Position(offset: log.head, epoch: log.epoch)
    return (head, log.events.count, log.bytes)
  }

  private func trimmed(_ place: Int) -> LocalLog {
    change(place) { $0.trim(bytesMax: limits.historyBytesMax, now: loop.now) }
    guard let log = slots[place]?.log else {
      preconditionFailure("the log at \(place) was asked for and is gone")
    }
    return log
  }

  /// Changes a log and keeps the account of bytes.
  private func change(_ place: Int, _ body: (inout LocalLog) -> Void) {
    guard var slot = slots[place] else { return }
    // Taken out for the change: a second owner would make every append copy the log.
    slots[place] = nil
    let before = slot.log.bytes
    body(&slot.log)
    bytes += slot.log.bytes - before
    slots[place] = slot
    if Self.list(for: slot.log) != slot.log.list {
      unlink(place)
      link(place)
    }
  }

  // MARK: The order of use

  /// The place of the channel's log, begun where there was none, now the most recently used.
  private func use(_ channel: ChannelName) -> Int {
    if let place = places[channel] {
      unlink(place)
      link(place)
      slots[place]?.log.usedAt = loop.now
      return place
    }
    forgetDormant()
    let log = LocalLog(
      epoch: Epoch(newFor: channel, random: &loop.random),
      settings: namespaces.settings(of: channel), now: loop.now)
    let place = free.popLast() ?? slots.count
    if place == slots.count { slots.append(nil) }
    slots[place] = Slot(channel: channel, log: log)
    places[channel] = place
    link(place)
    sweepLater()
    return place
  }

  /// Makes a log the most recently used of those that hold events, or of those that do not. Apart,
  /// so that neither an eviction nor a forgetting has to pass over the others.
  private func link(_ place: Int) {
    guard var log = slots[place]?.log else { return }
    let list = Self.list(for: log)
    log.list = list
    log.lessRecent = lists[list].mostRecent
    log.moreRecent = -1
    slots[place]?.log = log
    if log.lessRecent >= 0 {
      slots[log.lessRecent]?.log.moreRecent = place
    } else {
      lists[list].leastRecent = place
    }
    lists[list].mostRecent = place
  }

  private static func list(for log: LocalLog) -> Int {
    guard log.events.isEmpty else { return holding }
    return log.isFollowed ? waiting : dormant
  }

  private func unlink(_ place: Int) {
    guard let log = slots[place]?.log else { return }
    let list = log.list
    if log.moreRecent >= 0 {
      slots[log.moreRecent]?.log.lessRecent = log.lessRecent
    } else {
      lists[list].mostRecent = log.lessRecent
    }
    if log.lessRecent >= 0 {
      slots[log.lessRecent]?.log.moreRecent = log.moreRecent
    } else {
      lists[list].leastRecent = log.moreRecent
    }
  }

  // MARK: Bounds

  /// Evicts the events of the least recently used logs while the loop holds too many bytes; the log
  /// at `place`, which was just used, goes last.
  private func evict(keeping place: Int) {
    while bytes > bytesMax, lists[Self.holding].leastRecent >= 0,
      lists[Self.holding].leastRecent != place
    {
      change(lists[Self.holding].leastRecent) { $0.dropAll() }
    }
    if bytes > bytesMax { change(place) { $0.dropAll() } }
  }

  /// Makes room for one more head and epoch by forgetting the least recently used that has no
  /// events. Its followers, should they come back, are told `reset`.
  private func forgetDormant() {
    guard places.count >= limits.dormantChannelsMax, lists[Self.dormant].leastRecent >= 0,
      let slot = slots[lists[Self.dormant].leastRecent]
    else { return }
    forget(lists[Self.dormant].leastRecent, slot.channel)
  }

  private func forget(_ place: Int, _ channel: ChannelName) {
    unlink(place)
    slots[place] = nil
    places[channel] = nil
    free.append(place)
  }

  // MARK: Age

  private func sweepLater() {
    guard !isSweeping else { return }
    isSweeping = true
    _ = loop.schedule(after: Self.sweepInterval, self)
  }

  /// Drops events past their time, and heads past theirs, a part of the table at a time.
  func timerFired() {
    isSweeping = false
    keys.expire(at: loop.now)
    for _ in 0..<min(Self.sweptPerInterval, slots.count) {
      if sweepPlace >= slots.count { sweepPlace = 0 }
      let place = sweepPlace
      sweepPlace += 1
      guard let slot = slots[place] else { continue }
      change(place) { $0.trim(bytesMax: limits.historyBytesMax, now: loop.now) }
      if let log = slots[place]?.log, log.events.isEmpty, !log.isFollowed,
        loop.now - log.usedAt >= limits.metaTTL
      {
        forget(place, slot.channel)
      }
    }
    if !places.isEmpty { sweepLater() }
  }
}
