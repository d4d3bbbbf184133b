import FanfareRuntime
import Testing

@testable import FanfareActors
@testable import FanfareServer

/// Moments in the life of a WebSocket that only chance would hit on real sockets.
@Suite struct SocketLifeInASimulationTests {
  /// Two loops of a node, and one of its clients.
  private struct SmallWorld {
    let simulation: Simulation
    let node: NodeUnderTest
    let side: SimulatedClientSide
    let model = Model()

    init(seed: UInt64) throws {
      simulation = Simulation(seed: seed, loops: 3)
      node = try NodeUnderTest(
        loops: Array(simulation.loops[..<2]), limits: ContinuityTests.limits,
        namespaces: Namespaces(configured: [:], defaults: NamespaceSettings()))
      for (index, site) in node.sites.enumerated() {
        simulation.listen(port: UInt16(index + 1), on: site.loop) { site.get.accept($0) }
      }
      side = SimulatedClientSide(simulation: simulation, loop: simulation.loops[2])
      for _ in 0..<8 { _ = simulation.step(jumps: false) }
    }

    func open(_ channels: [String], capacity: Int = 20_000) -> SocketClient {
      simulation.on(side.loop) {
        let client = SocketClient(
          name: "ws", model: model, channels: channels, cursor: nil, filter: nil,
          isCompressed: false)
        client.start(side, loop: 0, capacity: capacity, client.request())
        return client
      }
    }

    var isDeserted: Bool {
      node.sites.allSatisfy { site in
        simulation.on(site.loop) { site.get.summaries(after: 0, limit: .max).isEmpty }
      }
    }
  }

  /// A channel is given up after its own verdict and before those of the others.
  @Test(arguments: 1...60 as ClosedRange<UInt64>)
  func aChannelWithdrawnAtAnyMomentHarmsNoOther(seed: UInt64) throws {
    let world = try SmallWorld(seed: seed)
    let channels = ["project:1", "project:2", "chat:3", "drop:4"]
    let client = world.open(channels)
    for _ in 0..<world.simulation.number(in: 0...24) { _ = world.simulation.step(jumps: false) }
    let withdrawn = channels[Int(seed % 4)]
    world.simulation.on(world.side.loop) { client.unsubscribe(withdrawn) }
    for _ in 0..<world.simulation.number(in: 0...24) { _ = world.simulation.step(jumps: false) }
    world.simulation.on(world.side.loop) { client.synchronize() }
    let isAttached = world.simulation.run(stepsMax: 5_000) { client.hasAll }
    #expect(isAttached, "seed \(seed): \(client.unfinished)")
    world.simulation.on(world.side.loop) {
      for (number, channel) in channels.enumerated() {
        client.publish((channel, number, "t", 10))
      }
    }
    let isComplete = world.simulation.run(stepsMax: 5_000) {
      client.hasAll && world.model.eventsSeen == 3
    }
    #expect(isComplete, "seed \(seed): \(client.unfinished)")
    #expect(world.model.violations.isEmpty, "seed \(seed): \(world.model.violations)")
    world.simulation.on(world.side.loop) { client.end() }
  }

  /// The client reads nothing, so its socket fills somewhere: within an event, within the bye that
  /// its silence earns, or behind that.
  @Test func whoeverIsSilentIsLetGoWhereverItsSocketFills() throws {
    for padding in stride(from: 1_100, through: 1_800, by: 14) {
      let world = try SmallWorld(seed: UInt64(padding))
      let client = world.open(["c"], capacity: 1_000)
      client.pace = 0
      let publisher = world.open([])
      _ = world.simulation.run(stepsMax: 2_000) { client.stream?.inputCount ?? 0 > 250 }
      world.simulation.on(world.side.loop) {
        for number in 1...16 { publisher.publish(("c", number, "t", 3_900)) }
        publisher.publish(("c", 17, "t", padding))
        publisher.synchronize()
      }
      #expect(world.simulation.run(stepsMax: 5_000) { publisher.hasAll }, "padding \(padding)")
      world.simulation.on(world.side.loop) { publisher.close() }
      // Asked seldom: a loop that is asked has a turn, and the clock jumps only while all wait.
      for _ in 0..<40 where !world.isDeserted {
        _ = world.simulation.run(stepsMax: 100) { false }
      }
      let isDeserted = world.isDeserted
      #expect(isDeserted, "padding \(padding)")
      #expect(world.model.violations.isEmpty, "padding \(padding): \(world.model.violations)")
      world.simulation.on(world.side.loop) { client.end() }
    }
  }
}
