import FanfareActors
import FanfareRuntime
import Logging

/// What a node with jobs has beside its hub: the store, a pool for every queue, the relay of what
/// is to be published, and what hears of all that happens. Any thread.
final class JobsNode: Sendable {
  let store: any JobStore
  /// The names of the queues, in their order.
  let queues: [QueueName]
  let relay: OutboxRelay
  let feed: JobsFeed
  /// Finds the job streams of each loop.
  let streams: JobStreamTable
  /// The workers in this process, once they are there.
  let localWorkers = Locked<LocalWorkers?>(nil)
  /// Where this process itself asks for jobs.
  let desk: JobsDesk
  private let pools: [QueueName: WorkerPool]
  private let budgets: [RateKey]

  /// - Parameter channels: where the hub finds jobs' own events.
  init(
    store: any JobStore, settings: JobStoreSettings, loops: [EventLoop], hub: Hub,
    channels: JobChannels, relaysWithKeys: Bool, logger: Logger
  ) {
    self.store = store
    queues = settings.queues.keys.sorted()
    budgets = settings.budgets.keys.sorted()
    var pools: [QueueName: WorkerPool] = [:]
    for (index, queue) in queues.enumerated() {
      pools[queue] = WorkerPool(
        queue: queue, settings: settings.queues[queue] ?? QueueSettings(), store: store,
        waitingMax: settings.limits.waitingLeasesMax, loop: loops[index % loops.count])
    }
    self.pools = pools
    relay = OutboxRelay(
      store: store, hub: hub, loop: loops[loops.count - 1], usesKeys: relaysWithKeys,
      logger: logger)
    streams = JobStreamTable(loops)
    desk = JobsDesk(store, on: loops[0])
    feed = JobsFeed(
      pools: pools, relay: relay, channels: channels, streams: streams,
      rateKeys: Set(budgets), logger: logger)
    store.connect(to: feed)
  }

  /// The pool of a queue; `nil` where the configuration has no such queue.
  func pool(for queue: QueueName) -> WorkerPool? { pools[queue] }

  /// Opens the store, then begins to publish what it has to.
  ///
  /// - Throws: what is to be mended.
  func start() async throws(JobRefusal) {
    try await store.start()
    relay.start()
  }

  /// Hands out no more jobs. Returns when nobody waits for one any more.
  func drain() async {
    for queue in queues { await pools[queue]?.drain() }
  }

  /// Lets the workers in this process end what they do. The pools are drained by then.
  func drainWorkers(within window: Duration) async {
    await localWorkers.withLock { $0 }?.drain(within: window)
  }

  /// Ends all that ``start()`` began.
  func stop() async {
    await desk.close()
    await relay.stop()
    await store.stop()
  }
}
