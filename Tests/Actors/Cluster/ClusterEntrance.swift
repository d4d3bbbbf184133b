import FanfareRuntime

@testable import FanfareServer

/// How clients reach the nodes of a cluster in a simulation: each place has a node, or none while
/// that has crashed. Confined to the clients' loop.
final class ClusterEntrance {
  static let loopsMax = 2

  let simulation: Simulation
  let loop: EventLoop
  let url: ServerURL
  let places: Int
  /// How many loops the node at each place has.
  private var loops: [Int]

  init(_ simulation: Simulation, _ loop: EventLoop, places: Int) throws {
    self.simulation = simulation
    self.loop = loop
    self.places = places
    url = try ServerURL("http://localhost")
    loops = Array(repeating: 0, count: places)
  }

  /// A node stands at `place` now.
  func open(_ place: Int, _ sites: [LoopConfined<LoopSite>]) {
    loops[place] = sites.count
    for (index, site) in sites.enumerated() {
      simulation.listen(port: port(place, index), on: site.loop) { site.get.accept($0) }
    }
  }

  /// Connects `client` to the node at `place`, by one of its loops. Returns false where there is
  /// none.
  func connect(
    _ client: ExchangeClient, to place: Int, _ request: ClientRequest,
    _ random: inout SeededGenerator
  ) -> Bool {
    guard loops[place] > 0 else { return false }
    let side = SimulatedClientSide(simulation: simulation, loop: loop)
    let index = Int.random(in: 0..<loops[place], using: &random)
    return client.start(
      side, loop: Int(port(place, index)) - 1,
      capacity: Int.random(in: 300...20_000, using: &random), request.bytes(to: url))
  }

  private func port(_ place: Int, _ index: Int) -> UInt16 {
    UInt16(1 + place * Self.loopsMax + index)
  }
}
