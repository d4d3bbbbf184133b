import FanfareRuntime
import Testing

@testable import FanfareActors
@testable import FanfareServer

/// Followers that leave while an event is on its way to all: nobody else may miss it. Nothing is
/// published afterwards that would make good for a follower who was passed over.
@Suite struct DepartureTests {
  @Test(arguments: 1...12 as ClosedRange<UInt64>)
  func whoGoesWithinAPassHidesNothingFromOthers(seed: UInt64) throws {
    let simulation = Simulation(seed: seed, loops: 2)
    let client = simulation.loops[1]
    let node = try NodeUnderTest(
      loops: [simulation.loops[0]], limits: Limits(), namespaces: Namespaces())
    simulation.listen(port: 1, on: simulation.loops[0]) { node.sites[0].get.accept($0) }
    for _ in 0..<8 { _ = simulation.step(jumps: false) }
    simulation.on(simulation.loops[0]) { node.hub.hubLoops[0].fanout.get.sendsPerSlice = 2 }
    let side = SimulatedClientSide(simulation: simulation, loop: client)
    let model = Model()
    let publisher = PublisherClient(name: "pub", model: model)
    var followers = (1...40).map { number in
      StreamClient(
        name: "sse\(number)", model: model, channels: ["project:1"], cursor: nil, filter: nil)
    }
    simulation.on(client) {
      publisher.start(side, loop: 0, capacity: 8_192, "")
      for follower in followers {
        follower.start(side, loop: 0, capacity: 20_000, follower.request(usesHeader: false))
      }
    }
    #expect(simulation.run(stepsMax: 5_000) { followers.allSatisfy(\.hasAll) }, "seed \(seed)")
    for round in 1...10 {
      simulation.on(client) { publisher.publish([("project:1", round, "even", 10)]) }
      for _ in 0..<3 {
        for _ in 0..<simulation.number(in: 0...12) { _ = simulation.step(jumps: false) }
        let gone = followers.remove(at: simulation.number(in: 0...followers.count - 1))
        simulation.on(client) { gone.end() }
      }
      let isComplete = simulation.run(stepsMax: 5_000) {
        publisher.isIdle && followers.allSatisfy(\.hasAll)
      }
      #expect(isComplete, "seed \(seed), round \(round)")
    }
    #expect(model.violations.isEmpty, "seed \(seed): \(model.violations)")
    simulation.on(client) { for follower in followers { follower.end() } }
    _ = simulation.run(stepsMax: 2_000) { false }
  }
}
