import FanfareRuntime

/// The end of one loop's connections, spread over the drain window, so that those who come back,
/// here or on other nodes, do not come all at once. Loop-confined.
final class Drain: TimerTarget {
  /// So many a second are no herd: a node with few followers does not take the whole window.
  private static let perSecondMin = 500.0
  private static let tick = Duration.milliseconds(20)
  /// The least time over which clients are asked to spread their return.
  private static let returnWindowMin = Duration.seconds(3)

  private unowned let site: LoopSite
  private let began: MonotonicInstant
  private let perSecond: Double
  private let returnWindow: Duration
  /// Those who are to be told, in their order.
  private let records: [ConnectionRecord]
  private var told = 0

  /// - Parameter clients: how many the whole node has.
  init(_ records: [ConnectionRecord], of site: LoopSite, window: Duration, clients: Int) {
    self.site = site
    self.records = records
    began = site.loop.now
    perSecond = max(
      Self.perSecondMin, Double(records.count) / max(0.001, window.inSeconds))
    let spread = Duration.seconds(Double(clients) / Self.perSecondMin)
    returnWindow = max(Self.returnWindowMin, min(window, spread))
  }

  func begin() { timerFired() }

  func timerFired() {
    let due = Int((site.loop.now - began).inSeconds * perSecond) + 1
    while told < min(due, records.count) {
      records[told].drain(retry: retry())
      told += 1
    }
    if told < records.count { _ = site.loop.schedule(after: Self.tick, self) }
  }

  /// When one client may come back. Not before a fifth of the window: a client that finds nobody
  /// yet tries again after the same time, and those with short times would be a herd of their own.
  private func retry() -> Duration {
    let milliseconds = returnWindow.milliseconds
    return .milliseconds(
      Int64.random(in: milliseconds / 5...milliseconds * 6 / 5, using: &site.loop.random))
  }
}
