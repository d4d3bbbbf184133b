import FanfareActors
import FanfareRuntime

/// A backplane over logs in memory that does what a test tells it: is away, says nothing, loses
/// answers, holds its feed back, loses parts of it, begins a log anew.
///
/// What it feeds arrives behind its answers, through the loops' inboxes, as from a process outside.
package final class ScriptedBackplane: Backplane {
  /// How it answers.
  package enum Mood: Sendable, Equatable {
    case answering
    case failing(PublishError)
    /// Whoever asks waits until that changes.
    case silent
  }

  private struct Log {
    var epoch: Epoch
    var head: UInt64 = 0
    var events: [Event] = []
    let loop: EventLoop
    /// Up to where it has been fed; `nil` while nobody follows it.
    var fed: UInt64?
    var reads = 0

    var state: LogState {
      LogState(epoch: epoch, head: head, oldest: head + 1 - UInt64(events.count))
    }
  }

  private struct Record {
    let fingerprint: UInt64
    let positions: [Position]
  }

  private struct State {
    var feed: (any BackplaneFeed)?
    var mood = Mood.answering
    var isFeedHeld = false
    /// How many publishes are still stored; then, and for the one stored last, no answer arrives.
    var publishesLeft: Int?
    var random = SeededGenerator(seed: 1)
    var logs: [ChannelName: Log] = [:]
    var keys: [[UInt8]: Record] = [:]
    var waiting: [(loop: EventLoop, gate: Gate)] = []
  }

  private let historyMax: Int
  private let pageMax: Int
  private let state = Locked(State())

  /// - Parameters:
  ///   - historyMax: the events that a log retains.
  ///   - pageMax: the events that it gives at once, however many are asked for.
  package init(historyMax: Int = 1_000, pageMax: Int = .max) {
    self.historyMax = historyMax
    self.pageMax = pageMax
  }

  // MARK: The script

  package func becomes(_ mood: Mood) {
    let waiting = state.withLock { state in
      state.mood = mood
      defer { state.waiting = [] }
      return state.waiting
    }
    for (loop, gate) in waiting { _ = loop.post { gate.open() } }
  }

  package func says(_ health: BackplaneHealth) {
    state.withLock { $0.feed }?.backplane(is: health)
  }

  /// Says that it is unproven; then, before the home of `channel` has heard that, feeds what was
  /// held back and says that it is proven. The home hears the first word some turns before the
  /// rest.
  package func recovers(beforeTheHomeOf channel: ChannelName) {
    guard let loop = state.withLock({ $0.logs[channel]?.loop }) else { return }
    _ = loop.post { [self] in
      _ = loop.post { [self] in
        holdsFeed(false)
        says(.proven)
      }
      says(.unproven)
      for _ in 0..<4_096 { _ = loop.post {} }
    }
  }

  /// After so many publishes more, each is answered that its outcome is not known, and is stored no
  /// more; `nil` takes that back.
  package func losesAnswers(after publishes: Int?) {
    state.withLock { $0.publishesLeft = publishes }
  }

  /// While it is held nothing is fed; then all that the logs retain of it.
  package func holdsFeed(_ isHeld: Bool) {
    state.withLock { state in
      state.isFeedHeld = isHeld
      for name in state.logs.keys { feed(name, &state) }
    }
  }

  /// Forgets what the feed of `channel` has still to bring: nobody will be fed it.
  package func losesFeed(of channel: ChannelName) {
    state.withLock { state in
      guard let log = state.logs[channel], log.fed != nil else { return }
      state.logs[channel]?.fed = log.head
    }
  }

  /// Loses all events of `channel`, and says so.
  package func losesEvents(of channel: ChannelName) {
    state.withLock { state in
      guard var log = state.logs[channel], log.fed != nil else { return }
      log.events = []
      log.fed = log.head
      state.logs[channel] = log
      let feed = state.feed
      let head = log.head
      _ = log.loop.post { feed?.skipped(through: head, in: channel) }
    }
  }

  /// Begins the log of `channel` anew, with its events at their offsets or with nothing.
  package func restarts(_ channel: ChannelName, keepingEvents: Bool) {
    state.withLock { state in
      guard var log = state.logs[channel] else { return }
      let epoch = Epoch(newFor: channel, random: &state.random)
      log.epoch = epoch
      log.events = log.events.map { event in
        Event(
          channel: channel, position: Position(offset: event.position.offset, epoch: epoch),
          type: event.type, data: event.data, timeMilliseconds: event.timeMilliseconds,
          acceptedAt: event.acceptedAt)
      }
      if !keepingEvents {
        log.events = []
        log.head = 0
      }
      if log.fed != nil { log.fed = log.head }
      state.logs[channel] = log
      let feed = state.feed
      let now = log.state
      _ = log.loop.post { feed?.restarted(now, in: channel) }
    }
  }

  /// How many pages of `channel` have been read.
  package func reads(of channel: ChannelName) -> Int {
    state.withLock { $0.logs[channel]?.reads ?? 0 }
  }

  /// The data of the events that the log of `channel` retains.
  package func data(of channel: ChannelName) -> [String] {
    state.withLock { state in
      (state.logs[channel]?.events ?? []).map { String(decoding: $0.data, as: UTF8.self) }
    }
  }

  // MARK: The port

  package func connect(to feed: any BackplaneFeed) {
    state.withLock { $0.feed = feed }
  }

  private func answer(on loop: EventLoop) async throws(PublishError) {
    while true {
      let gate = Gate(on: loop)
      let mood = state.withLock { state in
        if state.mood == .silent { state.waiting.append((loop, gate)) }
        return state.mood
      }
      switch mood {
      case .answering: return
      case .failing(let error): throw error
      case .silent: await gate.pass()
      }
    }
  }

  package func publish(
    _ drafts: [Draft], to channel: ChannelName, key: PublishKey?, on loop: EventLoop
  ) async throws(PublishError) -> [Position] {
    try await answer(on: loop)
    let name = key.map { Array(channel.text.utf8) + [0] + $0.name }
    let result = state.withLock { state -> Result<[Position], PublishError> in
      if let name, let key, let record = state.keys[name] {
        guard record.fingerprint == key.fingerprint else { return .failure(.keyMismatch) }
        return .success(record.positions)
      }
      if let left = state.publishesLeft {
        guard left > 0 else { return .failure(.outcomeUnknown) }
        state.publishesLeft = left - 1
      }
      let positions = append(drafts, to: channel, on: loop, &state)
      if let name, let key {
        state.keys[name] = Record(fingerprint: key.fingerprint, positions: positions)
      }
      return state.publishesLeft == 0 ? .failure(.outcomeUnknown) : .success(positions)
    }
    return try result.get()
  }

  private func append(
    _ drafts: [Draft], to channel: ChannelName, on loop: EventLoop, _ state: inout State
  ) -> [Position] {
    var log = self.log(channel, on: loop, &state)
    var positions: [Position] = []
    for draft in drafts {
      log.head += 1
      let position = Position(offset: log.head, epoch: log.epoch)
      positions.append(position)
      log.events.append(
        Event(
          channel: channel, position: position, type: draft.type, data: draft.data,
          timeMilliseconds: 0, acceptedAt: loop.now))
    }
    state.logs[channel] = log
    feed(channel, &state)
    state.logs[channel]?.events.removeFirst(max(0, log.events.count - historyMax))
    return positions
  }

  private func feed(_ channel: ChannelName, _ state: inout State) {
    guard !state.isFeedHeld, let log = state.logs[channel], let fed = log.fed else { return }
    let events = log.events.filter { $0.position.offset > fed }
    state.logs[channel]?.fed = log.head
    guard !events.isEmpty else { return }
    let feed = state.feed
    _ = log.loop.post { feed?.received(events, in: channel) }
  }

  private func log(
    _ channel: ChannelName, on loop: EventLoop, _ state: inout State
  ) -> Log {
    if let log = state.logs[channel] { return log }
    let log = Log(epoch: Epoch(newFor: channel, random: &state.random), loop: loop)
    state.logs[channel] = log
    return log
  }

  package func follow(
    _ channel: ChannelName, on loop: EventLoop
  ) async throws(PublishError) -> LogState {
    try await answer(on: loop)
    return state.withLock { state in
      let log = log(channel, on: loop, &state)
      state.logs[channel]?.fed = log.head
      return log.state
    }
  }

  package func unfollow(_ channel: ChannelName, on loop: EventLoop) {
    state.withLock { $0.logs[channel]?.fed = nil }
  }

  package func state(
    of channel: ChannelName, on loop: EventLoop
  ) async throws(PublishError) -> LogState {
    try await answer(on: loop)
    return state.withLock { log(channel, on: loop, &$0).state }
  }

  package func read(
    _ channel: ChannelName, from offset: UInt64, eventsMax: Int, bytesMax: Int,
    on loop: EventLoop
  ) async throws(PublishError) -> HistoryPage {
    try await answer(on: loop)
    return state.withLock { state in
      let log = log(channel, on: loop, &state)
      state.logs[channel]?.reads += 1
      let events = log.events.drop { $0.position.offset < offset }
      return HistoryPage(state: log.state, events: Array(events.prefix(min(eventsMax, pageMax))))
    }
  }

  package func retained(
    _ channel: ChannelName, on loop: EventLoop
  ) -> (head: Position, events: Int, bytes: Int)? {
    state.withLock { state in
      guard let log = state.logs[channel], !log.events.isEmpty else { return nil }
      return (
        Position(offset: log.head, epoch: log.epoch), log.events.count,
        log.events.reduce(0) { $0 + $1.retainedBytes }
      )
    }
  }
}
