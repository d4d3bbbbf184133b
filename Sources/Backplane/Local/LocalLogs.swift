import FanfareActors
import FanfareRuntime

/// The logs of the channels whose home is one loop, in the order of their use. Confined to the
/// loop.
final class LocalLogs: TimerTarget {
  private static let sweepInterval = Duration.seconds(1)
  private static let sweptPerInterval = 4_000

  private struct Slot {
    let channel: ChannelName
    var log: LocalLog
  }

  private let loop: EventLoop
  private let limits: Limits
  private let namespaces: Namespaces
  private let memory: LocalMemory
  private var places: [ChannelName: Int] = [:]
  private var slots: [Slot?] = []
  private var free: [Int] = []
  private var mostRecent = -1
  private var leastRecent = -1
  private var sweepPlace = 0
  private var isSweeping = false

  init(loop: EventLoop, limits: Limits, namespaces: Namespaces, memory: LocalMemory) {
    self.loop = loop
    self.limits = limits
    self.namespaces = namespaces
    self.memory = memory
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

  func state(of channel: ChannelName) -> LogState {
    trimmed(use(channel)).state
  }

  func read(
    _ channel: ChannelName, from offset: UInt64, eventsMax: Int, bytesMax: Int
  ) -> HistoryPage {
    trimmed(use(channel)).read(from: offset, eventsMax: eventsMax, bytesMax: bytesMax)
  }

  func retained(_ channel: ChannelName) -> (events: Int, bytes: Int)? {
    guard let place = places[channel], let log = slots[place]?.log, !log.events.isEmpty else {
      return nil
    }
    return (log.events.count, log.bytes)
  }

  private func trimmed(_ place: Int) -> LocalLog {
    change(place) { $0.trim(bytesMax: limits.historyBytesMax, now: loop.now) }
    guard let log = slots[place]?.log else {
      preconditionFailure("the log at \(place) was asked for and is gone")
    }
    return log
  }

  /// Changes a log and keeps the node's account of bytes.
  private func change(_ place: Int, _ body: (inout LocalLog) -> Void) {
    guard var slot = slots[place] else { return }
    // Taken out for the change: a second owner would make every append copy the log.
    slots[place] = nil
    let before = slot.log.bytes
    body(&slot.log)
    memory.add(slot.log.bytes - before)
    slots[place] = slot
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

  private func link(_ place: Int) {
    slots[place]?.log.lessRecent = mostRecent
    slots[place]?.log.moreRecent = -1
    if mostRecent >= 0 { slots[mostRecent]?.log.moreRecent = place }
    mostRecent = place
    if leastRecent < 0 { leastRecent = place }
  }

  private func unlink(_ place: Int) {
    guard let log = slots[place]?.log else { return }
    if log.moreRecent >= 0 {
      slots[log.moreRecent]?.log.lessRecent = log.lessRecent
    } else {
      mostRecent = log.lessRecent
    }
    if log.lessRecent >= 0 {
      slots[log.lessRecent]?.log.moreRecent = log.moreRecent
    } else {
      leastRecent = log.moreRecent
    }
  }

  // MARK: Bounds

  /// Evicts the events of the least recently used logs while the node holds too many bytes. The log
  /// that was just used goes last, and then event by event is not worth it: all of it goes but what
  /// its own bounds keep next time.
  private func evict(keeping place: Int) {
    var victim = leastRecent
    while memory.isFull, victim >= 0, victim != place {
      let next = slots[victim]?.log.moreRecent ?? -1
      change(victim) { $0.dropAll() }
      victim = next
    }
    if memory.isFull { change(place) { $0.dropAll() } }
  }

  /// Makes room for one more head and epoch by forgetting the least recently used that has no
  /// events. Its followers, should they come back, are told `reset`.
  private func forgetDormant() {
    guard places.count >= limits.dormantChannelsMax else { return }
    var victim = leastRecent
    while victim >= 0, let slot = slots[victim] {
      if slot.log.events.isEmpty {
        forget(victim, slot.channel)
        return
      }
      victim = slot.log.moreRecent
    }
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
    for _ in 0..<min(Self.sweptPerInterval, slots.count) {
      if sweepPlace >= slots.count { sweepPlace = 0 }
      let place = sweepPlace
      sweepPlace += 1
      guard let slot = slots[place] else { continue }
      change(place) { $0.trim(bytesMax: limits.historyBytesMax, now: loop.now) }
      if let log = slots[place]?.log, log.events.isEmpty,
        loop.now - log.usedAt >= limits.metaTTL
      {
        forget(place, slot.channel)
      }
    }
    if !places.isEmpty { sweepLater() }
  }
}
