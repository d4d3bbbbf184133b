import FanfareActors
import FanfareRuntime

/// The way to a loop's part of the server from any other loop: an actor pinned to that loop, so
/// that a question to all loops passes through no other thread, however busy the process is.
actor SiteDoor {
  nonisolated let unownedExecutor: UnownedSerialExecutor
  private let site: LoopConfined<LoopSite>

  init(_ site: LoopConfined<LoopSite>) {
    self.site = site
    unownedExecutor = site.loop.asUnownedSerialExecutor()
  }

  /// What the loop has counted, and how busy it is.
  func metrics() -> (SiteMetrics, busyRatio: Double) { (site.get.metrics, site.loop.busyRatio) }

  func summaries(after id: UInt64, limit: Int) -> [ConnectionSummary] {
    site.get.summaries(after: id, limit: limit)
  }

  func drain(over window: Duration) { site.get.drain(over: window) }

  func endAll() { site.get.endAll() }
}
