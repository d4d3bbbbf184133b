import FanfareBackplane
import FanfareRuntime
import Logging

@testable import FanfareActors
@testable import FanfareServer

/// A node under test and a loop for its clients: on real loops and sockets, or in a simulation. The
/// node is the product's own, from the parser to the log.
struct NodeUnderTest {
  let hub: Hub
  let sites: [LoopConfined<LoopSite>]

  /// - Parameter feed: what stands between the backplane and the hub.
  init(
    loops: [EventLoop], limits: Limits, namespaces: Namespaces,
    feed: (Hub) -> any BackplaneFeed = { $0 }
  ) throws {
    try self.init(
      loops: loops, limits: limits, namespaces: namespaces,
      backplane: LocalBackplane(loops: loops, limits: limits, namespaces: namespaces), feed: feed)
  }

  /// Connects to `backplane` and starts it.
  init(
    loops: [EventLoop], limits: Limits, namespaces: Namespaces, backplane: any Backplane,
    feed: (Hub) -> any BackplaneFeed = { $0 }
  ) throws {
    let hub = Hub(loops: loops, backplane: backplane, limits: limits, namespaces: namespaces)
    backplane.connect(to: feed(hub))
    hub.start()
    backplane.start()
    let connections = NodeConnections()
    let view = NodeView(
      hub: hub, connections: connections,
      identity: NodeIdentity(startMilliseconds: 0, connections: connections), startMilliseconds: 0)
    let policy = try OriginPolicy(
      allowedOrigins: [], allowedHosts: [], listenPorts: [], checksHostAlways: true)
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    self.hub = hub
    sites = zip(loops, hub.hubLoops).map { loop, hubLoop in
      let site = LoopConfined(
        LoopSite(
          loop: loop, hubLoop: hubLoop,
          admission: RequestAdmission(limits: limits, policy: policy, compresses: true),
          events: EventsAPI(hub: hub), operators: OperatorAPI(node: view), node: connections,
          logger: logger), to: loop)
      view.add(site)
      return site
    }
  }
}

/// How clients reach a node: one of these for each kind of world.
protocol ClientSide {
  var loop: EventLoop { get }
  /// A connection to one of the node's loops. `capacity` bounds the bytes in flight in a
  /// simulation.
  func connect(toLoop index: Int, capacity: Int, _ delegate: any StreamDelegate) -> FanfareRuntime
    .Stream?
}

struct SimulatedClientSide: ClientSide {
  let simulation: Simulation
  let loop: EventLoop

  func connect(
    toLoop index: Int, capacity: Int, _ delegate: any StreamDelegate
  ) -> FanfareRuntime.Stream? {
    simulation.connect(
      port: UInt16(index + 1), from: loop, capacity: capacity, delegate: delegate)
  }
}

struct RealClientSide: ClientSide {
  let loop: EventLoop
  let addresses: [SocketAddress]

  func connect(
    toLoop index: Int, capacity: Int, _ delegate: any StreamDelegate
  ) -> FanfareRuntime.Stream? {
    try? FanfareRuntime.Stream.connect(to: addresses[index], on: loop, delegate: delegate)
  }
}

extension LoopSite {
  /// Events told missing to the connections that are open now.
  var droppedOfOpen: UInt64 {
    summaries(after: 0, limit: .max).reduce(0) { $0 + $1.dropped }
  }
}
