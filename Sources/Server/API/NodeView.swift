import FanfareActors
import FanfareBackplane
import FanfareRuntime
import Synchronization

/// The whole node, seen across its loops.
final class NodeView: Sendable {
  let hub: Hub
  let connections: NodeConnections
  let identity: NodeIdentity
  private let cluster: Cluster?
  /// `nil` on a node without jobs.
  let jobs: JobsNode?
  private let startMilliseconds: Int64
  private let sites = Locked<[SiteDoor]>([])
  private let draining = Atomic<Bool>(false)

  /// What a node shares with others.
  struct Cluster: Sendable {
    let backplane: RedisBackplane
    let log: RedisLog
  }

  init(
    hub: Hub, connections: NodeConnections, identity: NodeIdentity, cluster: Cluster? = nil,
    jobs: JobsNode? = nil, startMilliseconds: Int64
  ) {
    self.hub = hub
    self.connections = connections
    self.identity = identity
    self.cluster = cluster
    self.jobs = jobs
    self.startMilliseconds = startMilliseconds
  }

  func add(_ site: LoopConfined<LoopSite>) {
    sites.withLock { $0.append(SiteDoor(site)) }
  }

  /// Lets go of the loops' parts once the loops have ended; they hold this view too.
  func forgetSites() {
    sites.withLock { $0 = [] }
  }

  var isDraining: Bool { draining.load(ordering: .relaxed) }

  func beginDraining() {
    draining.store(true, ordering: .relaxed)
    identity.drains()
  }

  /// The nodes that are alive, this one among them.
  func nodes() async -> [NodeRecord] {
    let own = NodeRecord(id: identity.id, description: identity.json())
    guard let cluster else { return [own] }
    let others = await cluster.backplane.nodes().filter { $0.id != identity.id }
    return (others + [own]).sorted { $0.id < $1.id }
  }

  func metrics(on loop: EventLoop) async -> MetricsPage {
    var metrics = SiteMetrics()
    var busyRatios: [Double] = []
    for site in sites.withLock({ $0 }) {
      let (part, busy) = await site.metrics()
      metrics.add(part)
      busyRatios.append(busy)
    }
    return MetricsPage(
      hub: await hub.metrics(), health: hub.health, redis: cluster?.log.counted,
      jobs: await jobs?.metrics(on: loop), site: metrics,
      namespaces: hub.namespaces.names,
      peak: connections.peakCount, busyRatios: busyRatios, process: .now(),
      startSeconds: Double(startMilliseconds) / 1000)
  }

  func connections(after id: UInt64, limit: Int) async -> [ConnectionSummary] {
    var summaries: [ConnectionSummary] = []
    for site in sites.withLock({ $0 }) {
      summaries += await site.summaries(after: id, limit: limit)
    }
    return Array(summaries.sorted { $0.id < $1.id }.prefix(limit))
  }

  /// Ends every connection that is still open.
  func endAll() async {
    for site in sites.withLock({ $0 }) { await site.endAll() }
  }

  /// Begins the end on every loop, to be spread over `window`.
  func drain(over window: Duration) async {
    beginDraining()
    for site in sites.withLock({ $0 }) { await site.drain(over: window) }
  }
}
