import FanfareActors
import FanfareRuntime

/// What every backplane promises, as a play of random calls whose answers and feeds are compared
/// with plain lists. The same for all of them, on real loops and in a simulation. Pinned to a loop.
package actor BackplaneConformance {
  /// One node: its loops' sides, and what it is fed.
  package struct Node: Sendable {
    package let sides: [BackplaneSide]
    package let feed: RecordedFeed

    /// A node whose `backplane` was connected to `feed`.
    package init(loops: [EventLoop], backplane: any Backplane, feed: RecordedFeed) {
      sides = loops.map { BackplaneSide(loop: $0, backplane: backplane, feed: feed) }
      self.feed = feed
    }

    func side(of channel: ChannelName) -> BackplaneSide {
      sides[Int(channel.hash % UInt64(sides.count))]
    }
  }

  /// What the backplane under test is to be.
  package struct Promise: Sendable {
    /// The events that a log retains; 0 where it retains none.
    package var history: Int
    /// Whether it knows the keys of publishes.
    package var hasKeys = true
    /// How long events may take to reach a feed.
    package var patience = Duration.seconds(15)

    package init(history: Int) {
      self.history = history
    }
  }

  private struct Log {
    var epoch: Epoch?
    var drafts: [Draft] = []
    var keys: [(key: PublishKey, drafts: [Draft], positions: [Position])] = []
    /// The nodes that follow, and the head that each was told.
    var followers: [Int: UInt64] = [:]
    var head: UInt64 { UInt64(drafts.count) }
  }

  package nonisolated let unownedExecutor: UnownedSerialExecutor
  private let clock: BackplaneSide
  private let nodes: [Node]
  private let promise: Promise
  private let channels: [ChannelName]
  private var random: SeededGenerator
  private var logs: [ChannelName: Log] = [:]
  private var made = 0
  package private(set) var violations: [String] = []
  /// How often each kind of thing was done.
  package private(set) var counts: [String: Int] = [:]
  private nonisolated let done = Locked(false)

  /// - Parameter name: what the channels' names begin with; fresh where the log is shared.
  package init(_ nodes: [Node], promise: Promise, seed: UInt64, name: String) {
    self.nodes = nodes
    self.promise = promise
    clock = nodes[0].sides[0]
    unownedExecutor = clock.unownedExecutor
    random = SeededGenerator(seed: seed)
    channels = (0..<5).compactMap { ChannelName("\(name):\($0)") }
  }

  // MARK: Playing

  /// Plays `steps` calls.
  package func play(_ steps: Int) async {
    for _ in 0..<steps where violations.count < 5 { await step() }
    await compareFeeds()
    done.withLock { $0 = true }
  }

  /// Whether the play is over. From anywhere.
  package nonisolated var isDone: Bool { done.withLock { $0 } }

  /// For a simulation, which has to be stepped meanwhile.
  package func begin(_ steps: Int) {
    Task { await play(steps) }
  }

  private func step() async {
    let channel = random.pick(channels)
    let node = random.below(nodes.count)
    let side = nodes[node].side(of: channel)
    switch random.below(20) {
    case 0..<6: await publish(channel, side)
    case 6: await publishTogether(channel)
    case 7..<9 where promise.hasKeys: await publishWithKey(channel, side)
    case 9: await follow(channel, node, side)
    case 10: await followAmidPublishes(channel, node, side)
    case 11: await unfollow(channel, node, side)
    case 12..<14: await inspect(channel, side)
    case 14..<17: await read(channel, side)
    case 17..<19: await resume(channel, side)
    default: await compareFeeds()
    }
  }

  private func draft() -> Draft {
    made += 1
    let rest = String(repeating: "x", count: random.isOne(in: 8) ? random.below(3_000) : 3)
    return Draft(
      type: random.isOne(in: 2) ? .agentProgress : .issueUpdated,
      data: Array("{\"n\":\(made),\"t\":\"\(rest)\\r\\n ü\"}".utf8))
  }

  private func drafts() -> [Draft] { (0..<random.int(1...6)).map { _ in draft() } }

  private func wrong(_ text: String) { violations.append(text) }

  private func count(_ name: String) { counts[name, default: 0] += 1 }

  // MARK: Publishing

  private func publish(_ channel: ChannelName, _ side: BackplaneSide) async {
    let drafts = drafts()
    count("publish")
    note(await side.publish(drafts, to: channel), drafts, channel)
  }

  /// The next events of the log are `drafts`.
  private func note(
    _ result: Result<[Position], PublishError>, _ drafts: [Draft], _ channel: ChannelName
  ) {
    guard case .success(let positions) = result else {
      return wrong("publish to \(channel): \(result)")
    }
    var log = logs[channel] ?? Log()
    if positions.map(\.offset) != Array(log.head + 1..<log.head + 1 + UInt64(drafts.count)) {
      wrong("\(drafts.count) after \(log.head) of \(channel) stand at \(positions)")
    }
    for position in positions { check(position.epoch, &log, channel) }
    log.drafts += drafts
    logs[channel] = log
  }

  private func check(_ epoch: Epoch, _ log: inout Log, _ channel: ChannelName) {
    if let known = log.epoch, known != epoch {
      wrong("\(channel) is in epoch \(epoch), was in \(known)")
    }
    if !epoch.belongs(to: channel) { wrong("\(epoch) is not of \(channel)") }
    log.epoch = epoch
  }

  /// Several nodes at once, several publishes each: those of one keep their order, and none gets
  /// in between the events of another.
  private func publishTogether(_ channel: ChannelName) async {
    count("together")
    let publishes = beginPublishes(channel)
    await endPublishes(publishes, channel)
  }

  private struct Publishes {
    let shares: [[[Draft]]]
    let results: Collected<[Result<[Position], PublishError>]>
  }

  private func beginPublishes(_ channel: ChannelName) -> Publishes {
    let shares = nodes.map { _ in (0..<random.int(1...20)).map { _ in drafts() } }
    let results = Collected<[Result<[Position], PublishError>]>(count: nodes.count)
    for (index, share) in shares.enumerated() {
      let side = nodes[index].side(of: channel)
      // In this actor's isolation: a task that does not name it would begin on the global pool.
      Task { await bring(share, channel, side, to: results, at: index) }
    }
    return Publishes(shares: shares, results: results)
  }

  private func endPublishes(_ publishes: Publishes, _ channel: ChannelName) async {
    while publishes.results.isWaiting { await clock.pause(.milliseconds(1)) }
    var all: [(positions: [Position], drafts: [Draft])] = []
    for (answers, share) in zip(publishes.results.all, publishes.shares) {
      var last: UInt64 = 0
      for (answer, drafts) in zip(answers, share) {
        guard case .success(let positions) = answer, let first = positions.first else {
          return wrong("publish together to \(channel): \(answer)")
        }
        if first.offset <= last { wrong("\(first) of \(channel) was published after \(last)") }
        last = first.offset
        all.append((positions, drafts))
      }
    }
    all.sort { ($0.positions.first?.offset ?? 0) < ($1.positions.first?.offset ?? 0) }
    for (positions, drafts) in all { note(.success(positions), drafts, channel) }
  }

  private func bring(
    _ share: [[Draft]], _ channel: ChannelName, _ side: BackplaneSide,
    to results: Collected<[Result<[Position], PublishError>]>, at index: Int
  ) async {
    results.set(await side.publishAll(share, to: channel), at: index)
  }

  private func publishWithKey(_ channel: ChannelName, _ side: BackplaneSide) async {
    let log = logs[channel] ?? Log()
    if random.isOne(in: 2), !log.keys.isEmpty {
      let earlier = random.pick(log.keys)
      if random.isOne(in: 3) {
        count("mismatch")
        let key = PublishKey(name: earlier.key.name, fingerprint: earlier.key.fingerprint &+ 1)
        let result = await side.publish(earlier.drafts, to: channel, key: key)
        if result != .failure(.keyMismatch) { wrong("a key with other events: \(result)") }
      } else {
        count("repeated")
        let result = await side.publish(earlier.drafts, to: channel, key: earlier.key)
        if result != .success(earlier.positions) {
          wrong("repeated \(earlier.positions) of \(channel): \(result)")
        }
      }
      return
    }
    count("keyed")
    let drafts = drafts()
    let key = PublishKey(
      name: random.bytes(count: 1...40) + Array("\(made)".utf8), fingerprint: random.next())
    let result = await side.publish(drafts, to: channel, key: key)
    note(result, drafts, channel)
    guard case .success(let positions) = result else { return }
    logs[channel]?.keys.append((key, drafts, positions))
  }

  // MARK: Asking

  private func compare(_ state: LogState, _ channel: ChannelName) {
    var log = logs[channel] ?? Log()
    check(state.epoch, &log, channel)
    logs[channel] = log
    let oldest = log.head + 1 - min(log.head, UInt64(promise.history))
    if state.head != log.head || state.oldest != oldest {
      wrong("\(channel) holds \(state), expected \(oldest)...\(log.head)")
    }
  }

  private func inspect(_ channel: ChannelName, _ side: BackplaneSide) async {
    count("state")
    do throws(PublishError) {
      compare(try await side.state(of: channel), channel)
    } catch {
      wrong("state of \(channel): \(error)")
    }
  }

  private func read(_ channel: ChannelName, _ side: BackplaneSide) async {
    count("read")
    let head = logs[channel]?.head ?? 0
    let from = UInt64(random.int(1...(Int(head) + 3)))
    let events = random.int(1...40)
    let bytes = random.isOne(in: 3) ? random.int(1...4_000) : Int.max
    do throws(PublishError) {
      let page = try await side.read(channel, from: from, eventsMax: events, bytesMax: bytes)
      compare(page.state, channel)
      let first = max(from, page.state.oldest)
      compare(page.events, from: first, channel)
      let available = head >= first ? Int(head - first) + 1 : 0
      if page.events.count > events || page.events.isEmpty != (available == 0) {
        wrong("read \(page.events.count) of \(available) from \(channel)")
      }
      let size = page.events.reduce(0) { $0 + $1.retainedBytes }
      if page.events.count > 1, size > bytes { wrong("a page of \(size) bytes, not \(bytes)") }
      if bytes == .max, page.events.count != min(events, available) {
        wrong("read \(page.events.count) of \(available) from \(channel), \(events) asked for")
      }
    } catch {
      wrong("read \(channel): \(error)")
    }
  }

  private func compare(_ events: [Event], from first: UInt64, _ channel: ChannelName) {
    guard let log = logs[channel] else { return }
    for (index, event) in events.enumerated() {
      let offset = first + UInt64(index)
      guard event.position.offset == offset, event.position.epoch == log.epoch,
        offset <= log.head
      else { return wrong("\(event.position) of \(channel) where \(offset) was due") }
      let draft = log.drafts[Int(offset) - 1]
      if event.type != draft.type || event.data != draft.data {
        wrong("\(event.position) of \(channel) is another")
      }
    }
    for (one, next) in zip(events, events.dropFirst())
    where next.timeMilliseconds < one.timeMilliseconds {
      wrong("time runs backwards at \(next.position) of \(channel)")
    }
  }

  /// A cursor from anywhere is good on any node: all that follows it is read, or counted.
  private func resume(_ channel: ChannelName, _ side: BackplaneSide) async {
    guard let log = logs[channel], let epoch = log.epoch else { return }
    count("resume")
    let cursor = Position(offset: UInt64(random.int(0...Int(log.head))), epoch: epoch)
    do throws(PublishError) {
      let state = try await side.state(of: channel)
      let (verdict, next) = Verdict.judge(.after(cursor), state)
      var read: [Event] = []
      while next + UInt64(read.count) <= state.head {
        let page = try await side.read(
          channel, from: next + UInt64(read.count), eventsMax: random.int(1...30), bytesMax: .max)
        if page.events.isEmpty { break }
        read += page.events
      }
      compare(read, from: next, channel)
      switch verdict {
      case .resumed(let replayed):
        if replayed != log.head - cursor.offset || Int(replayed) != read.count {
          wrong("resumed \(cursor) of \(channel): \(replayed), read \(read.count)")
        }
      case .gap(let from, let to):
        let missed = to + 1 - from
        if from != cursor.offset + 1 || missed + UInt64(read.count) != log.head - cursor.offset {
          wrong("gap after \(cursor) of \(channel): \(from)...\(to), read \(read.count)")
        }
      case .live, .reset: wrong("\(cursor) of \(channel) is judged \(verdict)")
      }
    } catch {
      wrong("resume in \(channel): \(error)")
    }
  }

  // MARK: Following

  private func follow(_ channel: ChannelName, _ node: Int, _ side: BackplaneSide) async {
    guard logs[channel]?.followers[node] == nil else { return }
    count("follow")
    do throws(PublishError) {
      compare(try await side.follow(channel), channel)
      let head = logs[channel]?.head ?? 0
      logs[channel]?.followers[node] = head
    } catch {
      wrong("follow \(channel): \(error)")
    }
  }

  /// Whatever head the follow is told, all after it is fed, and nothing before it.
  private func followAmidPublishes(
    _ channel: ChannelName, _ node: Int, _ side: BackplaneSide
  ) async {
    guard logs[channel]?.followers[node] == nil else { return }
    count("amid")
    let before = logs[channel]?.head ?? 0
    let publishes = beginPublishes(channel)
    do throws(PublishError) {
      let told = try await side.follow(channel)
      await endPublishes(publishes, channel)
      let head = logs[channel]?.head ?? 0
      if told.head < before || told.head > head || told.epoch != logs[channel]?.epoch {
        wrong("\(channel) was followed at \(told), not within \(before)...\(head)")
      }
      logs[channel]?.followers[node] = told.head
    } catch {
      wrong("follow \(channel): \(error)")
    }
  }

  private func unfollow(_ channel: ChannelName, _ node: Int, _ side: BackplaneSide) async {
    guard let since = logs[channel]?.followers[node] else { return }
    count("unfollow")
    await compareFeed(channel, node, since: since)
    logs[channel]?.followers[node] = nil
    await side.unfollow(channel)
  }

  /// Every follower has been fed all that was published since it followed, in the same order.
  private func compareFeeds() async {
    count("compare")
    for channel in channels {
      for node in nodes.indices {
        guard let since = logs[channel]?.followers[node] else { continue }
        await compareFeed(channel, node, since: since)
      }
    }
  }

  private func compareFeed(_ channel: ChannelName, _ node: Int, since: UInt64) async {
    let head = logs[channel]?.head ?? 0
    let start = clock.loop.now
    while nodes[node].feed.record(channel)?.position.offset ?? 0 < head {
      if clock.loop.now - start > promise.patience { break }
      await clock.pause(.milliseconds(5))
    }
    guard let record = nodes[node].feed.record(channel) else {
      return wrong("\(channel) is not recorded")
    }
    if record.position.offset != head || record.events.count != Int(head - since) {
      wrong("node \(node) was fed \(record.events.count) of \(channel), \(since)...\(head) was due")
    }
    violations += record.violations.map { "node \(node), \(channel): \($0)" }
    if record.missed > 0 || !record.restarts.isEmpty {
      wrong("node \(node), \(channel): missed \(record.missed), \(record.restarts.count) restarts")
    }
    compare(record.events, from: since + 1, channel)
  }
}
