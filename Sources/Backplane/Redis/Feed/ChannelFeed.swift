import FanfareActors

/// How one followed channel is fed, as a pure machine: it eats what the feed brought and what Redis
/// answered, and says what to deliver and what to ask.
///
/// Redis' pub/sub brings a message at most once and says nothing of those it lost. So nothing is
/// delivered from it that does not continue what was delivered before: a hole is first filled from
/// the log, and what the log no longer has is told. After every subscription the log is asked where
/// it stands, because a last message lost would otherwise be missed by nobody.
struct ChannelFeed {
  /// What whoever runs the machine has to do, in order.
  enum Step {
    /// Ask the log where it stands; the answer goes to ``answered(_:round:)``.
    case askState(round: UInt64)
    /// Ask for the events at and after this offset; to ``answered(_:round:)`` too.
    case askPage(from: UInt64, round: UInt64)
    /// Look at the log without waiting for the answer, which goes to ``checked(_:before:)`` with
    /// this position.
    case check(Position)
    /// The first answer after the follow: all that is delivered follows its head.
    case followed(LogState)
    /// Events that follow one another, and all that was delivered, but for what the log lost.
    case deliver([Event])
    /// The log has lost all events up to this offset that were not delivered, and holds no later
    /// one yet.
    case skipped(through: UInt64)
    /// The log began anew: what is delivered from now on follows its head.
    case restarted(LogState)
    /// The log is not the one that has fed this node in the same life: it must be given a new one.
    /// The machine waits for ``resume(isRenewed:)``.
    case wentBack(Epoch)
    /// The log is ahead of what the feed has brought; ``settle(round:)`` is to be called when that
    /// has had time to arrive.
    case wait(round: UInt64)
  }

  private enum State: Equatable {
    /// No subscription: nothing arrives.
    case unsubscribed
    /// Subscribed, and the log has been asked where it stands.
    case asking
    /// A page of the log has been asked for.
    case filling
    /// All that the feed brings continues what was delivered.
    case live
    /// As live, but the log was seen at this offset, which the feed has not brought.
    case behind(UInt64)
    /// The log must get a new life before it is asked again.
    case broken
  }

  /// Whether the log retains events; without, a hole cannot be filled.
  private let isRetained: Bool
  private var state = State.unsubscribed
  /// The newest event delivered, or skipped; where the log stood when it was followed.
  private(set) var fed: Position?
  /// The time of the event at ``fed``; `nil` where that was not delivered.
  private var fedTime: Int64?
  private var kept: KeptEvents
  /// Counts the questions, so that an answer to an old one is known as such.
  private var round: UInt64 = 0

  /// The feed of a channel that was just followed.
  init(isRetained: Bool) {
    self.isRetained = isRetained
    kept = KeptEvents(isRefillable: isRetained)
  }

  /// The bytes kept until an answer comes.
  var keptBytes: Int { kept.bytes }

  /// Whether all that arrives is delivered at once.
  var isLive: Bool {
    switch state {
    case .live: true
    case .unsubscribed, .asking, .filling, .behind, .broken: false
    }
  }

  /// Whether something may be missing of what was promised.
  var isCatchingUp: Bool { fed != nil && !isLive }

  // MARK: The subscription

  /// Redis has confirmed the subscription.
  mutating func subscribed() -> [Step] {
    kept.removeAll()
    return askState()
  }

  /// The connection of the feed ended.
  mutating func lost() {
    state = .unsubscribed
    round += 1
    kept.removeAll()
  }

  /// Questions are answered again, those under way never will be.
  ///
  /// - Parameter isRenewed: whether all logs have a new life.
  mutating func resume(isRenewed: Bool) -> [Step] {
    switch state {
    case .unsubscribed: []
    case .asking, .filling, .broken: askState()
    case .live, .behind: isRenewed ? askState() : []
    }
  }

  // MARK: The feed

  /// A message: events of one epoch, one after the other.
  ///
  /// - Parameter hasRoom: whether the node has room to keep more.
  mutating func received(_ events: [Event], hasRoom: Bool) -> [Step] {
    switch state {
    case .unsubscribed: return []
    case .broken:
      kept.keep(events, hasRoom: hasRoom)
      return []
    case .asking, .filling:
      if let first = events.first, contradicts(first) { return breakOff() }
      kept.keep(events, hasRoom: hasRoom)
      return []
    case .live, .behind:
      guard let fed, let first = events.first, let last = events.last else { return [] }
      guard first.position.epoch == fed.epoch else {
        // Older or newer, only the log can tell.
        kept.keep(events, hasRoom: hasRoom)
        return askState()
      }
      if contradicts(first) { return breakOff() }
      if last.position.offset <= fed.offset {
        // Known already. Where nothing tells by when, the log has to say whether it went back.
        return fedTime == nil ? [.check(fed)] : []
      }
      guard first.position.offset <= fed.offset + 1 || !isRetained else {
        kept.keep(events, hasRoom: hasRoom)
        return askPage()
      }
      let steps = deliver(events)
      if case .behind(let head) = state, let now = self.fed, now.offset >= head { state = .live }
      return steps
    }
  }

  // MARK: Answers

  /// The log said where it stands.
  mutating func answered(_ log: LogState, round: UInt64) -> [Step] {
    guard round == self.round, state == .asking else { return [] }
    let isRenewed = kept.drop(othersThan: log.epoch)
    var steps: [Step] = []
    switch place(log) {
    case .first:
      begin(at: log)
      steps.append(.followed(log))
    case .renewed:
      begin(at: log)
      steps.append(.restarted(log))
    case .back: return breakOff()
    case .same(let fed):
      guard log.head == fed.offset || !isRetained else { return askPage(overlaps: true) }
    }
    if isRenewed { return steps + askState() }
    return steps + drain(seen: log.head)
  }

  /// A page of the log.
  mutating func answered(_ page: HistoryPage, round: UInt64) -> [Step] {
    guard round == self.round, state == .filling else { return [] }
    let log = page.state
    let isRenewed = kept.drop(othersThan: log.epoch)
    var steps: [Step] = []
    switch place(log) {
    case .first: return askState()
    case .renewed:
      begin(at: log)
      steps.append(.restarted(log))
    case .back: return breakOff()
    case .same(let before):
      let known = page.events.first
      if let known, known.position == before, let fedTime, known.timeMilliseconds != fedTime {
        return breakOff()
      }
      steps += deliver(page.events)
      guard let fed, !isRenewed else { return steps + askState() }
      if fed.offset < log.head {
        guard page.events.isEmpty else { return steps + askPage() }
        // What the log has lost may have come by the feed.
        steps += skip(through: min(log.head, (kept.firstOffset ?? .max) - 1))
      }
    }
    if isRenewed { return steps + askState() }
    return steps + drain(seen: log.head)
  }

  // MARK: The rolling check

  /// A log in `log` was looked at when this much had been delivered: `before`.
  mutating func checked(_ log: LogState, before: Position) -> [Step] {
    switch state {
    case .unsubscribed, .asking, .filling, .behind, .broken: return []
    case .live:
      guard let fed, fed.epoch == before.epoch else { return [] }
      guard log.epoch == fed.epoch else { return askState() }
      guard log.head >= before.offset else { return breakOff() }
      guard log.head > fed.offset else { return [] }
      return fallBehind(log.head)
    }
  }

  /// What was on its way has had time to arrive.
  mutating func settle(round: UInt64) -> [Step] {
    guard round == self.round else { return [] }
    switch state {
    case .unsubscribed, .asking, .filling, .live, .broken: return []
    case .behind(let head):
      if isRetained { return askPage() }
      state = .live
      return skip(through: head)
    }
  }

  // MARK: Moving

  private enum Place {
    case first
    case renewed
    case back
    case same(Position)
  }

  private func place(_ log: LogState) -> Place {
    guard let fed else { return .first }
    guard fed.epoch == log.epoch else { return .renewed }
    return log.head < fed.offset ? .back : .same(fed)
  }

  private mutating func begin(at log: LogState) {
    fed = Position(offset: log.head, epoch: log.epoch)
    fedTime = nil
  }

  /// Whether `first`, which the feed has brought, cannot be of the log that has fed this node:
  /// times never run backwards in one, so what stands before the newest event is not newer.
  private func contradicts(_ first: Event) -> Bool {
    guard let fed, let fedTime, first.position.epoch == fed.epoch else { return false }
    return first.position.offset <= fed.offset && first.timeMilliseconds > fedTime
  }

  private mutating func askState() -> [Step] {
    state = .asking
    round += 1
    kept.asked()
    return [.askState(round: round)]
  }

  /// - Parameter overlaps: whether to ask for the newest event delivered, too, to see that the log
  ///   still has that one in its place.
  private mutating func askPage(overlaps: Bool = false) -> [Step] {
    guard let fed else { return askState() }
    state = .filling
    round += 1
    kept.asked()
    let first = overlaps && fedTime != nil ? fed.offset : fed.offset + 1
    return [.askPage(from: first, round: round)]
  }

  private mutating func breakOff() -> [Step] {
    guard let fed else { return askState() }
    state = .broken
    round += 1
    return [.wentBack(fed.epoch)]
  }

  /// Delivers what is kept, as far as it continues what was delivered. The log was seen at `head`.
  private mutating func drain(seen head: UInt64) -> [Step] {
    var steps: [Step] = []
    while let events = kept.next() {
      guard let fed, let first = events.first else { break }
      guard first.position.offset <= fed.offset + 1 || !isRetained else {
        kept.putBack(events)
        return steps + askPage()
      }
      steps += deliver(events)
    }
    if kept.isOverrun { return steps + (isRetained ? askPage() : askState()) }
    guard let fed, fed.offset < head else {
      state = .live
      return steps
    }
    // Without a log: what is missing may still be on its way.
    return steps + fallBehind(head)
  }

  private mutating func fallBehind(_ head: UInt64) -> [Step] {
    state = .behind(head)
    round += 1
    return [.wait(round: round)]
  }

  /// Delivers those of `events` that were not yet.
  private mutating func deliver(_ events: [Event]) -> [Step] {
    guard let fed, let last = events.last, last.position.offset > fed.offset else { return [] }
    self.fed = last.position
    fedTime = last.timeMilliseconds
    if let first = events.first, first.position.offset > fed.offset { return [.deliver(events)] }
    return [.deliver(Array(events.drop { $0.position.offset <= fed.offset }))]
  }

  private mutating func skip(through offset: UInt64) -> [Step] {
    guard let fed, fed.offset < offset else { return [] }
    self.fed = Position(offset: offset, epoch: fed.epoch)
    fedTime = nil
    return [.skipped(through: offset)]
  }
}
