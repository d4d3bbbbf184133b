import FanfareBackplane
import FanfareRuntime
import Testing

@testable import FanfareActors
@testable import FanfareServer

/// The promise of CONTRACT section 1, checked at the sockets: in order, never twice within an
/// attachment, never past an untold hole, everything delivered in the end, and every drop counted.
@Suite struct ContinuityTests {
  /// Bounds so small that every one of them is met.
  static let limits: Limits = {
    var limits = Limits()
    limits.mailboxEventsMax = 24
    limits.mailboxBytesMax = 16_384
    limits.historyBytesMax = 60_000
    limits.eventDataBytesMax = 4_096
    limits.memoryHistoryBytesMax = 150_000
    limits.pollAnswerBytesMax = 8_192
    limits.webSocketMessagesMax = 1_000_000
    // Clients of the crowd are silent as long as chance has it.
    limits.headReadTimeout = .seconds(100_000)
    limits.keepAliveTimeout = .seconds(100_000)
    return limits
  }()

  static let namespaces: Namespaces = {
    var project = NamespaceSettings()
    project.ttl = .milliseconds(40)
    project.historyEventsMax = 60
    var drop = project
    drop.overflow = .dropOldest
    var chat = project
    chat.historyEventsMax = 200
    chat.overflow = .disconnect
    return Namespaces(
      configured: ["project": project, "drop": drop, "chat": chat], defaults: project)
  }()

  struct Outcome: Equatable {
    var violations: [String]
    var isComplete: Bool
    var unfinished: String
    var trace: UInt64
    var verdicts: [String: Int]
    var eventsSeen: Int
    var eventsOnSockets: Int
    var dropped: UInt64
    /// What was counted for the connections that are open at the end.
    var droppedAlive: UInt64
    var toldAlive: UInt64
    var toldEnded: UInt64
  }

  static func outcome(
    _ crowd: Crowd, dropped: UInt64, droppedAlive: UInt64, isComplete: Bool
  ) -> Outcome {
    Outcome(
      violations: crowd.model.violations, isComplete: isComplete, unfinished: crowd.unfinished,
      trace: crowd.model.trace, verdicts: crowd.model.verdicts,
      eventsSeen: crowd.model.eventsSeen, eventsOnSockets: crowd.model.eventsOnSockets,
      dropped: dropped, droppedAlive: droppedAlive,
      toldAlive: crowd.model.toldAlive,
      toldEnded: crowd.model.toldEnded)
  }

  static func check(_ outcome: Outcome, _ seed: UInt64) {
    #expect(outcome.violations.isEmpty, "seed \(seed): \(outcome.violations)")
    #expect(outcome.isComplete, "seed \(seed): \(outcome.unfinished)")
    #expect(outcome.droppedAlive == outcome.toldAlive, "seed \(seed)")
    // What a follower that ended was being told may not have arrived.
    #expect(
      outcome.dropped >= outcome.toldAlive + outcome.toldEnded,
      "seed \(seed): dropped \(outcome.dropped), told \(outcome.toldAlive)+\(outcome.toldEnded)")
  }

  // MARK: Simulated

  static func simulate(seed: UInt64, steps: Int, jobsPerTurn: Int = 64) throws -> Outcome {
    let simulation = Simulation(seed: seed, loops: 3, jobsPerTurn: jobsPerTurn)
    let client = simulation.loops[2]
    let node = try NodeUnderTest(
      loops: Array(simulation.loops[..<2]), limits: limits, namespaces: namespaces)
    for (index, site) in node.sites.enumerated() {
      simulation.listen(port: UInt16(index + 1), on: site.loop) { site.get.accept($0) }
    }
    // The node is up before its first client: its start is a message to each loop.
    for _ in 0..<8 { _ = simulation.step(jumps: false) }
    // Passes are cut short, so that followers come and go in the middle of them.
    for hubLoop in node.hub.hubLoops {
      simulation.on(hubLoop.loop) { hubLoop.fanout.get.sendsPerSlice = 1 + Int(seed % 4) }
    }
    let side = SimulatedClientSide(simulation: simulation, loop: client)
    let crowd = simulation.on(client) { Crowd(seed: seed, side: side, serverLoops: 2) }
    for _ in 0..<steps {
      simulation.on(client) { crowd.act() }
      for _ in 0..<simulation.number(in: 0...12) {
        _ = simulation.step(jumps: simulation.chance(1, in: 100))
      }
    }
    var isComplete = false
    for _ in 0..<200 where !isComplete {
      simulation.on(client) { crowd.quiesce() }
      isComplete = simulation.run(stepsMax: 500) { crowd.isComplete }
    }
    let dropped = node.hub.hubLoops.reduce(UInt64(0)) { sum, hubLoop in
      let counts = simulation.on(hubLoop.loop) { hubLoop.fanout.get.metrics.dropped }
      return sum + counts.joined().reduce(0, +)
    }
    let droppedAlive = node.sites.reduce(UInt64(0)) { sum, site in
      simulation.on(site.loop) { sum + site.get.droppedOfOpen }
    }
    let outcome = Self.outcome(
      crowd, dropped: dropped, droppedAlive: droppedAlive, isComplete: isComplete)
    simulation.on(client) { crowd.end() }
    _ = simulation.run(stepsMax: 2_000) { false }
    return outcome
  }

  @Test(arguments: 1...9 as ClosedRange<UInt64>)
  func holdsInASimulation(seed: UInt64) throws {
    let outcome = try Self.simulate(seed: seed, steps: 1_200, jobsPerTurn: seed % 3 == 0 ? 1 : 64)
    Self.check(outcome, seed)
  }

  @Test func theSameSeedGivesTheSameTrace() throws {
    for seed in 100...101 as ClosedRange<UInt64> {
      let first = try Self.simulate(seed: seed, steps: 800)
      let second = try Self.simulate(seed: seed, steps: 800)
      #expect(first == second, "seed \(seed)")
      #expect(first.eventsSeen > 1_000, "seed \(seed): too little happened")
      #expect(first.eventsOnSockets > 500, "seed \(seed): too little happened on sockets")
    }
  }

  // MARK: On real loops

  /// The same crowd through real sockets, acting once in a turn of its own loop.
  @Test(arguments: [1, 2, 3] as [UInt64])
  func holdsOnRealLoops(seed: UInt64) async throws {
    let group = try LoopGroup.start(count: 3)
    let client = group.loops[2]
    let node = try NodeUnderTest(
      loops: Array(group.loops[..<2]), limits: Self.limits, namespaces: Self.namespaces)
    var addresses: [SocketAddress] = []
    for site in node.sites {
      let address = await site.loop.run {
        try? site.get.listen(SocketAddress.resolve(host: "127.0.0.1", port: 0))
      }
      addresses.append(try #require(address))
    }
    let driver = await client.run { [addresses] in
      let side = RealClientSide(loop: client, addresses: addresses)
      let driver = CrowdDriver(
        crowd: Crowd(seed: seed, side: side, serverLoops: 2), steps: 2_500, loop: client)
      driver.timerFired()
      return LoopConfined(driver, to: client)
    }
    let clock = ContinuousClock()
    let deadline = clock.now + .seconds(60)
    while await !client.run({ driver.get.isDone }), clock.now < deadline {
      try await Task.sleep(for: .milliseconds(20))
    }
    var dropped: UInt64 = 0
    for hubLoop in node.hub.hubLoops {
      dropped += await hubLoop.metrics().dropped.joined().reduce(0, +)
    }
    var droppedAlive: UInt64 = 0
    for site in node.sites {
      droppedAlive += await site.loop.run { site.get.droppedOfOpen }
    }
    let outcome = await client.run { [dropped, droppedAlive] in
      let outcome = Self.outcome(
        driver.get.crowd, dropped: dropped, droppedAlive: droppedAlive,
        isComplete: driver.get.isDone)
      driver.get.crowd.end()
      return outcome
    }
    await group.stop()
    Self.check(outcome, seed)
    #expect(outcome.eventsSeen > 2_000, "seed \(seed): too little happened")
  }
}

/// Lets a crowd act on a real loop, a few steps a tick.
final class CrowdDriver: TimerTarget {
  let crowd: Crowd
  private var stepsLeft: Int
  private let loop: EventLoop
  private(set) var isDone = false

  init(crowd: Crowd, steps: Int, loop: EventLoop) {
    self.crowd = crowd
    stepsLeft = steps
    self.loop = loop
  }

  func timerFired() {
    for _ in 0..<20 where stepsLeft > 0 {
      stepsLeft -= 1
      crowd.act()
    }
    if stepsLeft == 0 {
      crowd.quiesce()
      isDone = crowd.isComplete
    }
    if !isDone { _ = loop.schedule(after: .milliseconds(16), self) }
  }
}
