import FanfareActors
import FanfareRuntime

/// Checks the promise of a running server, or of all nodes of a cluster: publishes to channels of
/// its own through every node, follows them on every node over every transport, and holds what it
/// was acknowledged against what followers were delivered or told missing.
public struct Verification: Sendable {
  /// The nodes, in any order; followers go from one to the next when a connection ends.
  public var nodes: [ServerURL]
  /// Channels of the run, which nobody else uses.
  public var channels = 10
  /// Followers, spread over nodes and transports.
  public var followers = 30
  /// Events a second, of all publishers together.
  public var rate = 100.0
  /// How long events are published, where nothing is disturbed meanwhile.
  public var duration = Duration.seconds(10)
  /// How long after the last event, or the last disturbance, every follower may take to have all.
  public var convergence = Duration.seconds(5)
  /// Decides who follows what and where events go.
  public var seed: UInt64 = 1
  /// Publishers at each node: while one waits to try again, others find out what goes.
  public var publishersPerNode = 4
  /// Bounds of the clients.
  public var limits = ClientLimits()

  /// A verification of `nodes`, at least one.
  public init(nodes: [ServerURL]) {
    self.nodes = nodes
    limits.retryTime = .seconds(5)
  }

  /// What a verification found.
  public struct Report: Sendable {
    /// Publishes that were acknowledged.
    public internal(set) var acknowledged = 0
    /// Publishes that failed, stored or not.
    public internal(set) var unknown = 0
    /// Events delivered, over all followers.
    public internal(set) var delivered = 0
    /// Events told missing, exactly.
    public internal(set) var missed: UInt64 = 0
    /// Channels told to be begun anew.
    public internal(set) var resets = 0
    /// Events that were acknowledged and not in the log any more when it was followed last: lost
    /// by Redis, and told by resets.
    public internal(set) var lost = 0
    /// Connections made again.
    public internal(set) var reconnects = 0
    /// How long the last follower took to have all, after publishing ended or the disturbance was
    /// over; nil if one never had.
    public internal(set) var converged: Duration?
    /// What was wrong, each in one line; empty when the promise was kept.
    public var faults: [String] = []
  }

  /// Runs it.
  ///
  /// - Parameter disturbing: runs beside the publishers, which end after it; what it breaks, it
  ///   mends before it returns, also when cancelled.
  /// - Throws: ``ClientError`` when not all followers can attach in the beginning, and what
  ///   `disturbing` throws.
  public func run(
    disturbing: (@Sendable () async throws -> Void)? = nil
  ) async throws -> Report {
    let group: LoopGroup
    do {
      group = try LoopGroup.start(count: 1)
    } catch {
      throw ClientError.unreachable("\(error)")
    }
    do {
      let report = try await run(on: group.loops[0], disturbing)
      await group.stop()
      return report
    } catch {
      await group.stop()
      throw error
    }
  }

  private func run(
    on loop: EventLoop, _ disturbing: (@Sendable () async throws -> Void)?
  ) async throws -> Report {
    var random = SeededGenerator(seed: seed)
    let ledger = PromiseLedger()
    let run = String(UInt64.random(in: 0..<2_176_782_336), radix: 36)
    let names = (0..<channels).compactMap { ChannelName("verify:\(run)-\($0)") }
    let crowd = (0..<followers).map { number in
      let count = min(names.count, Int.random(in: 1...4, using: &random))
      return VerifyFollower(
        number, VerifyFollower.Way.allCases[number % 3],
        Array(names.shuffled(using: &random).prefix(count)), nodes: nodes, on: loop, limits,
        hear: ledger.delivered(_:at:))
    }
    try await knock(on: loop)
    let count = nodes.count * publishersPerNode
    let publishers = (0..<count).map { number in
      VerifyPublisher(
        number, names, to: nodes[number % nodes.count], perSecond: rate / Double(count),
        seed: random.next(), on: loop, ledger, limits)
    }
    var report = Report()
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      for follower in crowd { tasks.addTask { await follower.run() } }
      defer { tasks.cancelAll() }
      do {
        try await VerifyFollower.attach(crowd)
        let end = try await publish(publishers, disturbing)
        let late = await latePublishers(names, after: count, since: end, ledger, on: loop)
        for publisher in late { report.add(await publisher.standing) }
        report.converged = await converge(crowd, since: end, ledger, on: loop)
      } catch {
        for follower in crowd { await follower.end() }
        throw error
      }
      for follower in crowd { await follower.end() }
    }
    for publisher in publishers { report.add(await publisher.standing) }
    var lives: [String: Epoch] = [:]
    for follower in crowd {
      let standing = await follower.standing
      report.add(standing)
      if standing.faults.isEmpty { report.faults += ledger.unheard(by: standing.accounts) }
      for (channel, account) in standing.accounts { lives[channel] = account.held?.epoch }
    }
    report.lost = lives.reduce(0) { $0 + ledger.lost(in: $1.key, $1.value) }
    if report.converged == nil {
      report.faults.append("not every follower had all events \(convergence) after the last")
    }
    return report
  }

  /// Lets the publishers publish for ``duration``, or until `disturbing` is done. Returns when
  /// everything had to be well again.
  private func publish(
    _ publishers: [VerifyPublisher], _ disturbing: (@Sendable () async throws -> Void)?
  ) async throws -> ContinuousClock.Instant {
    let publishing = publishers.map { publisher in Task { await publisher.run() } }
    var failure: (any Error)?
    do {
      if let disturbing { try await disturbing() } else { try await Task.sleep(for: duration) }
    } catch {
      failure = error
    }
    let mended = ContinuousClock.now
    for publisher in publishers { await publisher.end() }
    // The pause before the next event is over; a publish under way may take a little longer.
    for task in publishing { task.cancel() }
    let aborting = Task {
      try await Task.sleep(for: Self.lastPublish)
      for publisher in publishers { await publisher.abort() }
    }
    for task in publishing { await task.value }
    aborting.cancel()
    if let failure { throw failure }
    return disturbing == nil ? ContinuousClock.now : mended
  }

  /// Publishes through each node once more: none may still refuse when all is well again.
  private func latePublishers(
    _ names: [ChannelName], after count: Int, since end: ContinuousClock.Instant,
    _ ledger: PromiseLedger, on loop: EventLoop
  ) async -> [VerifyPublisher] {
    var limits = limits
    // It tries again by itself.
    limits.retryTime = .zero
    limits.connectTimeout = min(limits.connectTimeout, convergence)
    limits.answerTimeout = min(limits.answerTimeout, convergence)
    let late = nodes.enumerated().map { number, node in
      VerifyPublisher(
        count + number, names, to: node, perSecond: rate, seed: seed &+ UInt64(number), on: loop,
        ledger, limits)
    }
    await withTaskGroup(of: Void.self) { tasks in
      for publisher in late {
        tasks.addTask { await publisher.publishOne(until: end + convergence) }
      }
    }
    return late
  }

  /// How long a node may take to say that it is there.
  private static let knockTimeout = Duration.seconds(2)

  /// Finds out whether every node is there: followers would try for long.
  private func knock(on loop: EventLoop) async throws(ClientError) {
    var limits = limits
    limits.connectTimeout = Self.knockTimeout
    limits.answerTimeout = Self.knockTimeout
    for node in nodes {
      if let error = await NodeKnock(node, on: loop, limits).answer() {
        throw ClientError.unreachable("\(node) does not answer: \(error)")
      }
    }
  }

  /// How long publishes that are under way in the end are waited for.
  private static let lastPublish = Duration.seconds(1)

  /// Waits until every follower stands at the head of each of its channels, which is not before
  /// what was acknowledged. Returns how long after `end` that was; nil when it took too long.
  private func converge(
    _ crowd: [VerifyFollower], since end: ContinuousClock.Instant, _ ledger: PromiseLedger,
    on loop: EventLoop
  ) async -> Duration? {
    let clock = ContinuousClock()
    var heads: [String: Position] = [:]
    while clock.now - end < convergence, !Task.isCancelled {
      var isComplete = true
      for follower in crowd {
        let standing = await follower.standing
        // One that has failed is reported as that.
        guard standing.faults.isEmpty else { continue }
        for (channel, account) in standing.accounts {
          if heads[channel] == nil { heads[channel] = await head(of: channel, on: loop) }
          guard let head = heads[channel], account.held == head,
            head.offset >= ledger.lastAcknowledged(in: channel, head.epoch)
          else {
            isComplete = false
            // It may have moved since it was asked.
            heads[channel] = nil
            break
          }
        }
        guard isComplete else { break }
      }
      if isComplete { return clock.now - end }
      try? await Task.sleep(for: .milliseconds(50))
    }
    return nil
  }

  private func head(of channel: String, on loop: EventLoop) async -> Position? {
    guard let name = ChannelName(channel) else { return nil }
    var limits = limits
    limits.answerTimeout = min(limits.answerTimeout, .seconds(1))
    for node in nodes {
      let poll = PollFollower(node, [name], on: loop, limits: limits)
      let news = try? await poll.next()
      await poll.close()
      guard case .attached(let verdicts) = news?.first else { continue }
      return verdicts.first.flatMap { Position($0.position) }
    }
    return nil
  }
}

extension Verification.Report {
  fileprivate mutating func add(_ standing: VerifyPublisher.Standing) {
    acknowledged += standing.acknowledged
    unknown += standing.unknown
    faults += standing.faults
  }

  fileprivate mutating func add(_ standing: VerifyFollower.Standing) {
    for account in standing.accounts.values {
      delivered += account.delivered
      missed += account.missed
      resets += account.resets
    }
    reconnects += standing.reconnects
    faults += standing.faults
  }
}
