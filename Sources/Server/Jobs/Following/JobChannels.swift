import FanfareActors
import FanfareRuntime

/// A backplane in front of another one: the channels `job:<id>` are the jobs' own lists of events,
/// as the store keeps them; all others are the other's.
///
/// An event's offset is its number in the job's list, and the epoch never changes: the list is
/// written once. So whatever follows channels follows jobs, with replay and gaps.
final class JobChannels: Backplane {
  private let base: any Backplane
  private let store: any JobStore
  private let doors: [LoopConfined<JobChannelDoor>]
  /// The jobs that are followed, with the loops that are their homes.
  private let followed = Locked<[JobID: Int]>([:])

  init(over base: any Backplane, store: any JobStore, loops: [EventLoop]) {
    self.base = base
    self.store = store
    doors = loops.map { LoopConfined(JobChannelDoor(), to: $0) }
  }

  /// The channel of a job's own events.
  static func channel(of job: JobID) -> ChannelName? { ChannelName("job:\(job)") }

  /// The epoch of all positions in it.
  static func epoch(of channel: ChannelName) -> Epoch? { Epoch("job", lastingFor: channel) }

  /// The job whose events a channel has; `nil` for a channel of the other backplane.
  private static func job(_ channel: ChannelName) -> JobID? {
    guard channel.text.utf8.starts(with: "job:".utf8) else { return nil }
    return JobID(String(channel.text.dropFirst(4)))
  }

  // MARK: Life

  func connect(to feed: any BackplaneFeed) {
    base.connect(to: feed)
    for door in doors { _ = door.loop.post { door.get.start(feed, on: door.loop) } }
  }

  func start() { base.start() }

  func stop() async { await base.stop() }

  // MARK: What the store tells

  /// On the store's loop: passes on what is followed.
  func received(_ events: [JobEvent]) {
    let wanted: [Int: [JobEvent]] = followed.withLock { followed in
      guard !followed.isEmpty else { return [:] }
      var wanted: [Int: [JobEvent]] = [:]
      for event in events {
        if let place = followed[event.job] { wanted[place, default: []].append(event) }
      }
      return wanted
    }
    for (place, events) in wanted {
      guard let door = doors.first(where: { $0.loop.index == place }) else { continue }
      let isPosted = door.loop.post { door.get.receive(events) }
      // A loop so far behind is waited for: it waits for nothing here.
      if !isPosted { door.insist(events) }
    }
  }

  // MARK: The port

  func publish(
    _ drafts: [Draft], to channel: ChannelName, key: PublishKey?, on loop: EventLoop
  ) async throws(PublishError) -> [Position] {
    // Whoever asks for it is told before that the channel is the server's own.
    guard Self.job(channel) == nil else { throw .unavailable }
    return try await base.publish(drafts, to: channel, key: key, on: loop)
  }

  func follow(
    _ channel: ChannelName, on loop: EventLoop
  ) async throws(PublishError) -> LogState {
    guard let job = Self.job(channel) else {
      return try await base.follow(channel, on: loop)
    }
    // Before the store is asked: what it tells from then on is held until the caller has gone on.
    followed.withLock { $0[job] = loop.index }
    door(loop).get.hold(channel)
    do {
      let state = try await state(of: job, channel, on: loop)
      door(loop).get.release(channel)
      return state
    } catch {
      unfollow(channel, on: loop)
      throw error
    }
  }

  func unfollow(_ channel: ChannelName, on loop: EventLoop) {
    guard let job = Self.job(channel) else { return base.unfollow(channel, on: loop) }
    followed.withLock { $0[job] = nil }
    door(loop).get.forget(channel)
  }

  func state(
    of channel: ChannelName, on loop: EventLoop
  ) async throws(PublishError) -> LogState {
    guard let job = Self.job(channel) else {
      return try await base.state(of: channel, on: loop)
    }
    return try await state(of: job, channel, on: loop)
  }

  private func state(
    of job: JobID, _ channel: ChannelName, on loop: EventLoop
  ) async throws(PublishError) -> LogState {
    let page = try await page(of: job, after: 0, max: 1, on: loop)
    return try log(page, of: channel, from: 1)
  }

  func read(
    _ channel: ChannelName, from offset: UInt64, eventsMax: Int, bytesMax: Int,
    on loop: EventLoop
  ) async throws(PublishError) -> HistoryPage {
    guard let job = Self.job(channel) else {
      return try await base.read(
        channel, from: offset, eventsMax: eventsMax, bytesMax: bytesMax, on: loop)
    }
    let after = Int64(clamping: max(offset, 1) - 1)
    let page = try await page(of: job, after: after, max: max(1, eventsMax), on: loop)
    let log = try log(page, of: channel, from: max(offset, 1))
    var events: [Event] = []
    var bytes = 0
    for stored in page.events.prefix(eventsMax) {
      guard let event = stored.event(at: loop.now) else { throw .unavailable }
      bytes += event.retainedBytes
      guard events.isEmpty || bytes <= bytesMax else { break }
      events.append(event)
    }
    return HistoryPage(state: log, events: events)
  }

  func retained(
    _ channel: ChannelName, on loop: EventLoop
  ) -> (head: Position, events: Int, bytes: Int)? {
    // The store has it, not this process.
    Self.job(channel) == nil ? base.retained(channel, on: loop) : nil
  }

  private func door(_ loop: EventLoop) -> LoopConfined<JobChannelDoor> {
    doors[loop.index - doors[0].loop.index]
  }

  /// A job that is not there, or not any more, has no events.
  private func page(
    of job: JobID, after: Int64, max: Int, on loop: EventLoop
  ) async throws(PublishError) -> JobEventPage {
    do {
      let reply = try await store.perform(.events(job, after: after, max: max), on: loop)
      guard case .events(let page) = reply else { throw JobRefusal.unavailable("") }
      return page
    } catch JobRefusal.noSuchJob {
      return JobEventPage(events: [], last: 0, isOver: true)
    } catch {
      throw .unavailable
    }
  }

  /// - Parameter first: what the page was asked from; all before it may still be there.
  private func log(
    _ page: JobEventPage, of channel: ChannelName, from first: UInt64
  ) throws(PublishError) -> LogState {
    guard let epoch = Self.epoch(of: channel) else { throw .unavailable }
    let head = UInt64(clamping: page.last)
    let found = page.events.first.map { UInt64(clamping: $0.sequence) } ?? head + 1
    return LogState(epoch: epoch, head: head, oldest: found > first ? min(found, head + 1) : 1)
  }
}

extension JobEvent {
  /// The event as those see it who follow the job's channel.
  func event(at now: MonotonicInstant) -> Event? {
    guard let channel = JobChannels.channel(of: job), let epoch = JobChannels.epoch(of: channel),
      let type = EventType(kind.type)
    else { return nil }
    return Event(
      channel: channel, position: Position(offset: UInt64(clamping: sequence), epoch: epoch),
      type: type, data: data, timeMilliseconds: time, acceptedAt: now)
  }
}
