import DequeModule
import FanfareActors
import FanfareRuntime

/// The channels that this node is subscribed to, in places that keep their order: a dictionary's
/// own order would differ from run to run.
struct FollowedChannels {
  enum Subscription {
    case none
    case asked
    case confirmed
  }

  struct Slot {
    let channel: ChannelName
    /// The pub/sub channel.
    let name: [UInt8]
    /// Names this follow of the channel: what was begun for an earlier one finds another.
    var life: UInt64
    /// `nil` while nobody here follows, and the subscription lingers.
    var feed: ChannelFeed?
    var subscription = Subscription.none
    /// Who waits to hear where the log stands.
    var waiting: [RedisTicket] = []
  }

  private var places: [[UInt8]: Int] = [:]
  private var slots: [Slot?] = []
  private var free: [Int] = []
  private var lastLife: UInt64 = 0
  private var sweepPlace = 0
  /// What all feeds keep together until an answer comes.
  private(set) var keptBytes = 0
  private var unasked: [Int] = []
  private var lingering = Deque<(until: MonotonicInstant, index: Int, life: UInt64)>()

  var count: Int { places.count }
  var indices: [Int] { slots.indices.filter { slots[$0] != nil } }

  subscript(index: Int) -> Slot? { slots[index] }

  func index(of name: [UInt8]) -> Int? { places[name] }

  /// The slot at `index`, if it is still in that life.
  func slot(_ index: Int, life: UInt64) -> Slot? {
    guard let slot = slots[index], slot.life == life else { return nil }
    return slot
  }

  // MARK: Following

  /// Begins to follow `channel`, whose pub/sub channel is `name`, or begins anew.
  mutating func follow(
    _ channel: ChannelName, _ name: [UInt8], isRetained: Bool, ticket: RedisTicket?
  ) -> Int {
    lastLife += 1
    let index = places[name] ?? free.popLast() ?? slots.count
    if index == slots.count { slots.append(nil) }
    if var slot = slots[index] {
      keptBytes -= slot.feed?.keptBytes ?? 0
      slot.life = lastLife
      slot.feed = ChannelFeed(isRetained: isRetained)
      slots[index] = slot
    } else {
      slots[index] = Slot(
        channel: channel, name: name, life: lastLife, feed: ChannelFeed(isRetained: isRetained))
      places[name] = index
      unasked.append(index)
    }
    if let ticket { slots[index]?.waiting.append(ticket) }
    return index
  }

  /// Nobody here follows any more; the subscription lingers until `until`. Returns who waited.
  mutating func unfollow(_ index: Int, until: MonotonicInstant) -> [RedisTicket] {
    guard let slot = slots[index], slot.feed != nil else { return [] }
    keptBytes -= slot.feed?.keptBytes ?? 0
    slots[index]?.feed = nil
    slots[index]?.waiting = []
    lingering.append((until, index, slot.life))
    return slot.waiting
  }

  /// Takes those who wait for the first answer.
  mutating func takeWaiting(_ index: Int) -> [RedisTicket] {
    defer { slots[index]?.waiting = [] }
    return slots[index]?.waiting ?? []
  }

  /// Forgets what nobody has come back to. Returns the names to unsubscribe from.
  mutating func endLingering(at now: MonotonicInstant) -> [[UInt8]] {
    var names: [[UInt8]] = []
    while let first = lingering.first, first.until <= now {
      lingering.removeFirst()
      guard let slot = slots[first.index], slot.life == first.life, slot.feed == nil else {
        continue
      }
      if slot.subscription != .none { names.append(slot.name) }
      remove(first.index)
    }
    return names
  }

  private mutating func remove(_ index: Int) {
    guard let slot = slots[index] else { return }
    places[slot.name] = nil
    slots[index] = nil
    free.append(index)
  }

  // MARK: Subscribing

  /// A connection of the feed has opened: all are to be subscribed to.
  mutating func askForAll() { unasked = indices }

  /// Nobody can be asked now.
  mutating func forgetUnasked() { unasked = [] }

  /// The names to subscribe to now.
  mutating func takeUnasked() -> [[UInt8]] {
    var names: [[UInt8]] = []
    for index in unasked {
      guard let slot = slots[index], slot.subscription == .none else { continue }
      slots[index]?.subscription = .asked
      names.append(slot.name)
    }
    unasked = []
    return names
  }

  mutating func confirm(_ index: Int) -> [ChannelFeed.Step] {
    guard slots[index]?.subscription == .asked else { return [] }
    slots[index]?.subscription = .confirmed
    return change(index) { $0.subscribed() }
  }

  /// The connection of the feed has ended, and with it every subscription.
  mutating func lost() {
    unasked = []
    for index in slots.indices {
      guard let slot = slots[index] else { continue }
      guard slot.feed != nil else {
        remove(index)
        continue
      }
      slots[index]?.subscription = .none
      _ = change(index) { feed in
        feed.lost()
        return []
      }
    }
  }

  // MARK: Feeds

  /// Changes a feed in its place, and keeps the account of what is kept.
  mutating func change(
    _ index: Int, _ body: (inout ChannelFeed) -> [ChannelFeed.Step]
  ) -> [ChannelFeed.Step] {
    guard var slot = slots[index], var feed = slot.feed else { return [] }
    // Taken out for the change: a second owner would make every message copy what is kept.
    slot.feed = nil
    slots[index] = nil
    let before = feed.keptBytes
    let steps = body(&feed)
    keptBytes += feed.keptBytes - before
    slot.feed = feed
    slots[index] = slot
    return steps
  }

  /// How far each channel was fed whose log is in a life of `generation`.
  func fed(in generation: Generation) -> [(channel: ChannelName, position: Position)] {
    slots.compactMap { slot in
      guard let slot, let fed = slot.feed?.fed, Generation(of: fed.epoch) == generation else {
        return nil
      }
      return (slot.channel, fed)
    }
  }

  /// Whether no feed has anything to catch up with; those that wait for their first answer do not
  /// count.
  var isCaughtUp: Bool {
    slots.allSatisfy { slot in slot?.feed.map { !$0.isCatchingUp } ?? true }
  }

  /// The next `limit` places of an endless round.
  mutating func sweep(_ limit: Int) -> [Int] {
    guard !slots.isEmpty else { return [] }
    var visited: [Int] = []
    for _ in 0..<min(limit, slots.count) {
      if sweepPlace >= slots.count { sweepPlace = 0 }
      if slots[sweepPlace] != nil { visited.append(sweepPlace) }
      sweepPlace += 1
    }
    return visited
  }
}
