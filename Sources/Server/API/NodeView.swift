import FanfareActors
import FanfareRuntime
import Synchronization

/// The whole node, seen across its loops.
final class NodeView: Sendable {
  let hub: Hub
  let connections: NodeConnections
  private let startMilliseconds: Int64
  private let sites = Locked<[SiteDoor]>([])
  private let draining = Atomic<Bool>(false)

  init(hub: Hub, connections: NodeConnections, startMilliseconds: Int64) {
    self.hub = hub
    self.connections = connections
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

  func beginDraining() { draining.store(true, ordering: .relaxed) }

  func metrics() async -> MetricsPage {
    var metrics = SiteMetrics()
    var busyRatios: [Double] = []
    for site in sites.withLock({ $0 }) {
      let (part, busy) = await site.metrics()
      metrics.add(part)
      busyRatios.append(busy)
    }
    return MetricsPage(
      hub: await hub.metrics(), health: hub.health, site: metrics, namespaces: hub.namespaces.names,
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
