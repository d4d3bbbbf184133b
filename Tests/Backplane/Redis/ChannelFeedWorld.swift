import FanfareActors
import FanfareRuntime
import FanfareTestKit

@testable import FanfareBackplane

/// One channel's feed between a log in memory, a feed that loses and doubles, and questions that
/// are answered late or never. Everything is decided by the seed.
struct ChannelFeedWorld {
  private enum Arrival {
    case confirmed
    case message([Event])
  }

  private enum Question {
    case state(round: UInt64)
    case page(from: UInt64, round: UInt64)
    case check(before: Position)
  }

  private enum Answer {
    case state(LogState, round: UInt64)
    case page(HistoryPage, round: UInt64)
    case check(LogState, before: Position)
  }

  /// The log as it stands in Redis.
  private struct Log {
    var epoch: Epoch
    var head: UInt64 = 0
    var events: [Event] = []
    var oldest: UInt64 { events.first?.position.offset ?? head + 1 }
    var state: LogState { LogState(epoch: epoch, head: head, oldest: oldest) }
  }

  let isRetained: Bool
  var feed: ChannelFeed
  private let channel: ChannelName
  private var random: SeededGenerator
  private var log: Log
  private var snapshot: Log
  /// Every event that ever was, by its position: no position may ever name two.
  private var truth: [Position: [UInt8]] = [:]
  private var published: UInt64 = 0
  /// `nil` while the feed's connection is down; else whether Redis knows the subscription.
  private var isSubscribed: Bool?
  private var arrivals: [Arrival] = []
  private var questions: [Question] = []
  private var answers: [Answer] = []
  private var waits: [UInt64] = []
  /// Whether the log must be renewed before anything is published.
  private var mustRenew = false
  private var mustCheck = false
  /// Where the follower stands.
  private var told: Position?
  private var delivered: Set<Position> = []
  private(set) var violations: [String] = []
  private(set) var counts: [String: Int] = [:]

  init(seed: UInt64, isRetained: Bool, channel: ChannelName) {
    var random = SeededGenerator(seed: seed)
    self.isRetained = isRetained
    self.channel = channel
    feed = ChannelFeed(isRetained: isRetained)
    log = Log(epoch: Epoch(newFor: channel, random: &random))
    snapshot = log
    self.random = random
  }

  // MARK: What happens

  mutating func step(faults: Bool) {
    switch random.below(faults ? 28 : 20) {
    case 0..<5: publish(random.int(1...3))
    case 5..<10: arrive()
    case 10..<13: evaluate()
    case 13..<17: answer()
    case 17: if !waits.isEmpty { run(feed.settle(round: waits.removeFirst())) }
    case 18: check()
    case 19: subscribe()
    case 20: loseFeed()
    case 21: loseQuestions()
    case 22: loseMessage()
    case 23: double()
    case 24: renew()
    case 25: publish(random.int(20...400))
    case 26: random.isOne(in: 4) ? forget() : publish(1)
    default: random.isOne(in: 2) ? lapse() : publish(1)
    }
    // Without a log there is the node's bound alone, which the last message may pass.
    let bytesMax = KeptEvents.bytesMax + (isRetained ? 0 : 100_000)
    if feed.keptBytes > bytesMax { violations.append("keeps too much") }
  }

  /// Lets all that is under way come to its end, without faults.
  mutating func settleDown() {
    loseQuestions()
    for _ in 0..<20 {
      subscribe()
      while !arrivals.isEmpty || !questions.isEmpty || !answers.isEmpty || !waits.isEmpty {
        while !arrivals.isEmpty { arrive() }
        while !questions.isEmpty { evaluate() }
        while !answers.isEmpty { answer() }
        if !waits.isEmpty { run(feed.settle(round: waits.removeFirst())) }
      }
      check()
      if mustRenew { renew() }
    }
    guard feed.isLive else { return violations.append("is not live in the end: \(feed)") }
    if told != Position(offset: log.head, epoch: log.epoch) {
      violations.append("ends at \(String(describing: told)), the log at \(log.state)")
    }
  }

  private mutating func publish(_ count: Int) {
    guard !mustRenew, !mustCheck else { return }
    var events: [Event] = []
    for _ in 0..<count {
      log.head += 1
      published += 1
      let event = Event(
        channel: channel, position: Position(offset: log.head, epoch: log.epoch),
        type: .agentProgress, data: Array("\(published)".utf8),
        timeMilliseconds: Int64(published), acceptedAt: MonotonicInstant(nanoseconds: 0))
      if truth[event.position] != nil { violations.append("\(event.position) named two") }
      truth[event.position] = event.data
      events.append(event)
    }
    if isRetained {
      log.events += events
      log.events.removeFirst(max(0, log.events.count - 60))
    }
    if isSubscribed == true { arrivals.append(.message(events)) }
  }

  private mutating func arrive() {
    guard !arrivals.isEmpty else { return }
    switch arrivals.removeFirst() {
    case .confirmed: run(feed.subscribed())
    case .message(let events):
      let hasRoom = feed.keptBytes < KeptEvents.bytesMax && !random.isOne(in: 50)
      run(feed.received(events, hasRoom: hasRoom))
    }
  }

  private mutating func evaluate() {
    guard !questions.isEmpty else { return }
    switch questions.removeFirst() {
    case .state(let round): answers.append(.state(log.state, round: round))
    case .check(let before): answers.append(.check(log.state, before: before))
    case .page(let from, let round):
      let events = log.events.filter { $0.position.offset >= from }.prefix(random.int(1...30))
      answers.append(.page(HistoryPage(state: log.state, events: Array(events)), round: round))
    }
  }

  private mutating func answer() {
    guard !answers.isEmpty else { return }
    switch answers.removeFirst() {
    case .state(let state, let round): run(feed.answered(state, round: round))
    case .page(let page, let round): run(feed.answered(page, round: round))
    case .check(let state, let before): run(feed.checked(state, before: before))
    }
  }

  private mutating func check() {
    if let before = feed.fed, feed.isLive { questions.append(.check(before: before)) }
  }

  private mutating func subscribe() {
    guard isSubscribed == nil else { return }
    isSubscribed = true
    arrivals = [.confirmed]
  }

  private mutating func loseFeed() {
    isSubscribed = nil
    arrivals = []
    feed.lost()
  }

  private mutating func loseQuestions() {
    questions = []
    answers = []
    run(feed.resume(isRenewed: false))
  }

  private mutating func loseMessage() {
    guard !arrivals.isEmpty else { return }
    let index = random.below(arrivals.count)
    if case .message = arrivals[index] { arrivals.remove(at: index) }
  }

  /// A message comes twice, the second time later.
  private mutating func double() {
    guard let last = arrivals.last, case .message = last else { return }
    arrivals.insert(last, at: random.below(arrivals.count) + 1)
  }

  /// The log gets a new life, its events keep their offsets.
  private mutating func renew() {
    log.epoch = Epoch(newFor: channel, random: &random)
    log.events = log.events.map { event in
      Event(
        channel: channel, position: Position(offset: event.position.offset, epoch: log.epoch),
        type: event.type, data: event.data, timeMilliseconds: event.timeMilliseconds,
        acceptedAt: event.acceptedAt)
    }
    for event in log.events { truth[event.position] = event.data }
    mustRenew = false
    mustCheck = false
    run(feed.resume(isRenewed: true))
  }

  /// The log is flushed, or its events are evicted.
  private mutating func forget() {
    log.events = []
    guard random.isOne(in: 2) else { return }
    log = Log(epoch: Epoch(newFor: channel, random: &random))
    snapshot = log
  }

  /// Redis comes back with an earlier state of the same life.
  private mutating func lapse() {
    let before = snapshot
    snapshot = log
    guard before.epoch == log.epoch, before.head < log.head else { return }
    log = before
    snapshot = before
    loseFeed()
    loseQuestions()
    mustRenew = true
    // As a rule whoever joins first notices; otherwise the feed has to.
    if random.isOne(in: 2) { return renew() }
    guard let fed = feed.fed, fed.epoch == log.epoch, fed.offset > log.head else { return renew() }
  }

  // MARK: What is told

  private mutating func run(_ steps: [ChannelFeed.Step]) {
    for step in steps {
      switch step {
      case .askState(let round): questions.append(.state(round: round))
      case .askPage(let from, let round): questions.append(.page(from: from, round: round))
      case .check(let before): questions.append(.check(before: before))
      case .wait(let round): waits.append(round)
      case .wentBack:
        counts["back", default: 0] += 1
        if !mustRenew { violations.append("said that the log went back") }
        renew()
      case .followed(let log):
        if told != nil { violations.append("followed twice") }
        told = Position(offset: log.head, epoch: log.epoch)
      case .restarted(let log):
        counts["restarted", default: 0] += 1
        if told == nil || told?.epoch == log.epoch { violations.append("restarted for nothing") }
        told = Position(offset: log.head, epoch: log.epoch)
      case .skipped(let offset):
        counts["skipped", default: 0] += 1
        miss(through: offset)
      case .deliver(let events): deliver(events)
      }
    }
  }

  private mutating func deliver(_ events: [Event]) {
    guard let first = events.first else { return violations.append("delivered nothing") }
    counts["delivered", default: 0] += events.count
    if first.position.offset > 1 { miss(through: first.position.offset - 1) }
    for event in events {
      guard let told, event.position.epoch == told.epoch else {
        return violations.append("\(event.position) delivered after \(String(describing: told))")
      }
      if event.position.offset != told.offset + 1 {
        violations.append("\(event.position) delivered after \(told)")
      }
      if truth[event.position] != event.data { violations.append("\(event.position) is another") }
      if !delivered.insert(event.position).inserted {
        violations.append("\(event.position) delivered twice")
      }
      self.told = event.position
    }
  }

  /// The follower is told that it misses all up to `offset`: none of it may still be in the log.
  private mutating func miss(through offset: UInt64) {
    guard let told, told.offset < offset else { return }
    counts["missed", default: 0] += Int(offset - told.offset)
    if isRetained, told.epoch == log.epoch, log.oldest <= offset, log.head >= offset {
      violations.append("told missing through \(offset), the log holds \(log.state)")
    }
    self.told = Position(offset: offset, epoch: told.epoch)
  }
}
