import FanfareActors
import FanfareBackplane
import FanfareRuntime
import FanfareTestKit
import Testing

/// One suite of what a backplane promises, over every one there is.
@Suite struct BackplaneConformanceTests {
  private static let history = 40

  private var namespaces: Namespaces {
    var settings = NamespaceSettings()
    settings.historyEventsMax = Self.history
    return Namespaces(defaults: settings)
  }

  private func check(_ play: BackplaneConformance, _ name: String) async {
    let violations = await play.violations
    #expect(violations.isEmpty, "\(name): \(violations.prefix(5))")
    let counts = await play.counts
    for kind in ["publish", "together", "follow", "unfollow", "state", "read", "resume"] {
      #expect(counts[kind, default: 0] > 0, "\(name): \(counts)")
    }
  }

  @Test(arguments: 1...8 as ClosedRange<UInt64>)
  func local(seed: UInt64) async throws {
    let group = try LoopGroup.start(count: 2)
    let feed = RecordedFeed()
    let backplane = LocalBackplane(loops: group.loops, limits: Limits(), namespaces: namespaces)
    backplane.connect(to: feed)
    let node = BackplaneConformance.Node(loops: group.loops, backplane: backplane, feed: feed)
    let promise = BackplaneConformance.Promise(history: Self.history)
    let play = BackplaneConformance([node], promise: promise, seed: seed, name: "c\(seed)")
    await play.play(400)
    await check(play, "local, seed \(seed)")
    await group.stop()
  }

  /// Two nodes: what one publishes both are fed, in the same order.
  @Test(arguments: [RedisMode.streams, .pubsub])
  func redis(mode: RedisMode) async throws {
    let server = try await RedisServer.start()
    let one = try await RedisNode.start(
      server.url, id: "one", loops: 2, mode: mode, history: Self.history)
    let other = try await RedisNode.start(
      server.url, id: "other", mode: mode, history: Self.history)
    let promise = BackplaneConformance.Promise(history: mode == .streams ? Self.history : 0)
    for seed in 1...6 as ClosedRange<UInt64> {
      let play = BackplaneConformance(
        [try one.player, try other.player], promise: promise, seed: seed, name: "c\(seed)")
      await play.play(300)
      await check(play, "\(mode), seed \(seed)")
    }
    try await one.stop()
    try await other.stop()
  }

  /// The same over the model of Redis, in a simulation. The feed brings some messages twice.
  @Test(arguments: [RedisMode.streams, .pubsub], 1...12 as ClosedRange<UInt64>)
  func simulated(mode: RedisMode, seed: UInt64) throws {
    let simulation = Simulation(seed: seed, loops: 3)
    let first = simulation.loops[0]
    let model = RedisModel(seed: seed, clock: first)
    model.faults.doubledPerThousand = 30
    var nodes: [RedisNode] = []
    for loops in [[first, simulation.loops[1]], [simulation.loops[2]]] {
      var plan = RedisNode.Plan("node-\(nodes.count)")
      plan.mode = mode
      plan.history = Self.history
      nodes.append(
        try simulation.on(loops[0]) {
          try RedisNode.start(plan, on: loops, RedisModelConnector(model: model))
        })
    }
    let areProven = simulation.run(stepsMax: 100_000) { nodes.allSatisfy { $0.feed.isProven } }
    #expect(areProven, "seed \(seed): \(nodes.map(\.seen))")
    let promise = BackplaneConformance.Promise(history: mode == .streams ? Self.history : 0)
    let play = BackplaneConformance(
      try nodes.map { try $0.player }, promise: promise, seed: seed, name: "c")
    simulation.on(first) { play.assumeIsolated { $0.begin(400) } }
    let isDone = simulation.run(stepsMax: 5_000_000) { play.isDone }
    #expect(isDone, "seed \(seed): the play does not end")
    let (violations, counts) = simulation.on(first) {
      play.assumeIsolated { ($0.violations, $0.counts) }
    }
    #expect(violations.isEmpty, "\(mode), seed \(seed): \(violations.prefix(5))")
    for kind in ["publish", "together", "keyed", "repeated", "mismatch", "follow", "read"] {
      #expect(counts[kind, default: 0] > 0, "\(counts)")
    }
  }
}
