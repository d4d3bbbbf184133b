import FanfareRuntime

/// A question for events: what is there after these cursors, and if nothing, tell me when there is.
public struct Poll: Sendable {
  /// The channels, each with its start.
  public var follows: [Follow]
  /// The types wanted; all where there is none.
  public var filter: TypeFilter?
  /// The most events to answer with.
  public var eventsMax: Int
  /// The most bytes to answer with, except that one event always fits.
  public var bytesMax: Int
  /// How long to wait for the first event; zero answers at once.
  public var wait: Duration
  /// How the events leave, for the metrics.
  public var transport: Transport

  /// A poll of `follows`.
  public init(
    follows: [Follow], filter: TypeFilter? = nil, eventsMax: Int, bytesMax: Int,
    wait: Duration, transport: Transport
  ) {
    self.follows = follows
    self.filter = filter
    self.eventsMax = max(1, eventsMax)
    self.bytesMax = bytesMax
    self.wait = wait
    self.transport = transport
  }
}

/// The answer to a ``Poll``.
public struct PollAnswer: Sendable {
  /// The events, each channel's in order.
  public var events: [Event]
  /// Where the follower stands after them: what the next poll begins with.
  public var cursor: [Position]
  /// The verdicts, in the order of the question.
  public var verdicts: [ChannelVerdict]
}

extension HubLoop {
  /// Answers `poll` from this loop.
  ///
  /// - Parameter hangUp: ends the wait early; the answer is then what there is.
  public func answer(
    _ poll: Poll, hangUp: HangUp? = nil
  ) async throws(PublishError) -> PollAnswer {
    guard !fanout.get.isStopping else { throw .unavailable }
    let patience = loop.now + Holds.patience
    guard poll.wait > .zero else {
      var asked = PollState(poll)
      try await collect(&asked, poll, until: patience)
      return finish(asked, poll)
    }
    // In place before history is read, so that nothing falls between.
    let place = WaitingPlaces(poll, fanout.get)
    let waiting = LoopConfined(place, to: loop)
    let timer = loop.schedule(after: poll.wait, place.waiter)
    hangUp?.connect(LoopConfined(place.waiter, to: loop))
    defer {
      loop.cancel(timer)
      waiting.get.leave(fanout.get)
    }
    return finish(try await waitForEvents(poll, waiting, until: patience), poll)
  }

  /// - Parameter patience: until when a backplane that is away is waited for.
  private func waitForEvents(
    _ poll: Poll, _ waiting: LoopConfined<WaitingPlaces>, until patience: MonotonicInstant
  ) async throws(PublishError) -> PollState {
    var asked = PollState(poll)
    let waiter = waiting.get.waiter
    // Wakes the wait for the log; what it wakes too early looks again.
    let alarm = loop.schedule(at: patience, PollAlarm(waiter))
    defer { loop.cancel(alarm) }
    while !waiter.isOver, loop.now < patience, waiting.get.isJoining {
      await waiter.gate()?.pass()
    }
    repeat {
      try await collect(&asked, poll, until: patience, waiter)
      if !asked.events.isEmpty || asked.tellsLoss { break }
      while !waiter.isOver, !waiting.get.hasNews(since: asked) { await waiter.gate()?.pass() }
    } while !waiter.isOver
    return asked
  }

  /// ``collect(_:_:)``, asking again while the backplane is away. Where every channel is judged
  /// already, the answer is what there is.
  private func collect(
    _ asked: inout PollState, _ poll: Poll, until patience: MonotonicInstant,
    _ waiter: PollWaiter? = nil
  ) async throws(PublishError) {
    while true {
      do {
        return try await collect(&asked, poll)
      } catch {
        guard error == .unavailable, !fanout.get.isStopping else { throw error }
        guard loop.now < patience, waiter?.isOver != true else {
          if asked.isJudged { return }
          throw error
        }
        await fanout.get.retries.gate().pass()
      }
    }
  }

  /// One round over the channels: what each has after its place, within what room is left. Each
  /// channel may fill an equal share first, so that a busy one does not starve the others.
  private func collect(_ asked: inout PollState, _ poll: Poll) async throws(PublishError) {
    let share = max(1, poll.eventsMax / poll.follows.count)
    for index in poll.follows.indices {
      try await read(index, &asked, poll, eventsMax: share)
    }
    for index in poll.follows.indices where asked.hasMore[index] {
      try await read(index, &asked, poll, eventsMax: poll.eventsMax)
    }
  }

  private func read(
    _ index: Int, _ asked: inout PollState, _ poll: Poll, eventsMax: Int
  ) async throws(PublishError) {
    guard let hub = fanout.get.hub else { throw .unavailable }
    let follow = poll.follows[index]
    var wanted = min(eventsMax, poll.eventsMax - asked.events.count)
    asked.hasMore[index] = false
    // Every channel is judged, also when the answer is full already.
    while asked.places[index] == nil || wanted > 0 && asked.bytesLeft > 0 {
      let place = asked.places[index].map { ReadPlace.offset($0.next) } ?? .start(follow.start)
      let read = try await hub.home(of: follow.channel).read(
        follow.channel, from: place, eventsMax: max(0, wanted), bytesMax: asked.bytesLeft)
      let page = fanout.get.extended(
        read, of: follow.channel, from: place, eventsMax: max(0, wanted))
      guard asked.arrive(index, follow, page), let next = asked.places[index]?.next else { return }
      // Between the log's state and its page it may have begun anew, or gone on.
      if let first = page.events.first, first.position.offset > next { continue }
      for event in page.events where event.position.offset >= next {
        guard poll.filter?.accepts(event.type) ?? true else {
          asked.places[index]?.next = event.position.offset + 1
          continue
        }
        // One event may be larger than the room left; only the first of an answer may.
        guard asked.events.isEmpty || event.retainedBytes <= asked.bytesLeft else {
          asked.bytesLeft = 0
          return
        }
        asked.places[index]?.next = event.position.offset + 1
        asked.events.append(event)
        asked.bytesLeft -= event.retainedBytes
        wanted -= 1
      }
      guard let now = asked.places[index], now.next <= page.state.head else { return }
      asked.hasMore[index] = true
    }
  }

  /// Reads a channel whose home this is, from a start or from where the last read ended.
  func read(
    _ name: ChannelName, from place: ReadPlace, eventsMax: Int, bytesMax: Int
  ) async throws(PublishError) -> HistoryPage {
    _ = try open(name)
    let offset: UInt64
    switch place {
    case .offset(let next): offset = next
    case .start(let start):
      let log = try await backplane.state(of: name, on: loop)
      guard eventsMax > 0 else { return HistoryPage(state: log, events: []) }
      offset = Verdict.judge(start, log).next
    }
    return try await backplane.read(
      name, from: offset, eventsMax: eventsMax, bytesMax: bytesMax, on: loop)
  }

  private func finish(_ asked: PollState, _ poll: Poll) -> PollAnswer {
    let fanout = fanout.get
    for (verdict, follow) in zip(asked.verdicts, poll.follows) {
      guard let verdict else { continue }
      fanout.count(verdict.verdict, namespace: namespaces.index(of: follow.channel))
    }
    fanout.metrics.deliveries[poll.transport.rawValue] += UInt64(asked.events.count)
    return PollAnswer(
      events: asked.events,
      cursor: asked.places.compactMap { place in
        place.map { Position(offset: $0.next - 1, epoch: $0.epoch) }
      },
      verdicts: asked.verdicts.compactMap { $0 })
  }
}

/// Where to read a channel from.
enum ReadPlace: Sendable {
  case start(StartPoint)
  case offset(UInt64)
}
