import FanfareRuntime
import Testing

@testable import FanfareActors
@testable import FanfareServer

/// A backplane's history may know of events that its feed has not brought yet.
@Suite struct LateFeedTests {
  /// Holds events back while it is told to.
  private final class HeldFeed: BackplaneFeed {
    private let hub: Hub
    private let state = Locked<(isHolding: Bool, held: [(events: [Event], channel: ChannelName)])>(
      (false, []))

    init(_ hub: Hub) {
      self.hub = hub
    }

    func received(_ events: [Event], in channel: ChannelName) {
      let isHeld = state.withLock { state in
        if state.isHolding { state.held.append((events, channel)) }
        return state.isHolding
      }
      if !isHeld { hub.received(events, in: channel) }
    }

    func skipped(through offset: UInt64, in channel: ChannelName) {
      hub.skipped(through: offset, in: channel)
    }

    func restarted(_ log: LogState, in channel: ChannelName) { hub.restarted(log, in: channel) }

    func backplane(is health: BackplaneHealth) { hub.backplane(is: health) }

    func hold() { state.withLock { $0.isHolding = true } }

    /// On the home loop of all that is held.
    func release() {
      let held = state.withLock { state in
        defer { state = (false, []) }
        return state.held
      }
      for (events, channel) in held { hub.received(events, in: channel) }
    }
  }

  @Test func aPageIsGivenAsFarAsTheFeedHasCome() throws {
    let simulation = Simulation(seed: 1, loops: 2)
    let client = simulation.loops[1]
    var limits = Limits()
    // Not all that is asked for is in the mailbox, so that a page of history is read; and what is
    // held back is as much as may be on its way.
    limits.mailboxEventsMax = 20
    let namespaces = Namespaces()
    var made: HeldFeed?
    let node = try NodeUnderTest(
      loops: [simulation.loops[0]], limits: limits, namespaces: namespaces
    ) { hub in
      let feed = HeldFeed(hub)
      made = feed
      return feed
    }
    let feed = try #require(made)
    simulation.listen(port: 1, on: simulation.loops[0]) { node.sites[0].get.accept($0) }
    for _ in 0..<8 { _ = simulation.step(jumps: false) }
    let side = SimulatedClientSide(simulation: simulation, loop: client)
    let model = Model()
    let publisher = PublisherClient(name: "pub", model: model)
    let first = StreamClient(
      name: "first", model: model, channels: ["project:1"], cursor: nil, filter: nil)
    simulation.on(client) {
      publisher.start(side, loop: 0, capacity: 8_192, "")
      first.start(side, loop: 0, capacity: 8_192, first.request(usesHeader: true))
    }
    _ = simulation.run(stepsMax: 500) { first.cursor != nil }
    simulation.on(client) { publisher.publish((1...30).map { ("project:1", $0, "t", 10) }) }
    #expect(simulation.run(stepsMax: 2_000) { publisher.isIdle && first.hasAll })

    feed.hold()
    simulation.on(client) { publisher.publish((31...35).map { ("project:1", $0, "t", 10) }) }
    #expect(simulation.run(stepsMax: 2_000) { publisher.isIdle && model.head("project:1") == 35 })
    let epoch = try #require(first.cursor).split(separator: ".")[1]
    let second = StreamClient(
      name: "second", model: model, channels: ["project:1"], cursor: "0.\(epoch)", filter: nil)
    simulation.on(client) {
      second.start(side, loop: 0, capacity: 8_192, second.request(usesHeader: true))
    }
    _ = simulation.run(stepsMax: 1_000) { false }
    #expect(second.cursor == "30.\(epoch)")
    let hubLoop = node.hub.hubLoops[0]
    #expect(simulation.on(hubLoop.loop) { hubLoop.fanout.get.snapshot().followersBehind } == 0)
    simulation.on(hubLoop.loop) { feed.release() }
    #expect(simulation.run(stepsMax: 2_000) { first.hasAll && second.hasAll })
    #expect(model.violations.isEmpty, "\(model.violations)")
    simulation.on(client) { for one in [publisher, first, second] as [CrowdClient] { one.end() } }
    _ = simulation.run(stepsMax: 500) { false }
  }
}
