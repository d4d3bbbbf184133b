import FanfareActors
import FanfareRuntime
import Logging
import Synchronization

/// Hears what the store has done and passes it on: to pools, to those who follow jobs, to the
/// relay, to counters and to the log. On the store's loop.
final class JobsFeed: JobStoreFeed {
  private let pools: [QueueName: WorkerPool]
  private let relay: OutboxRelay
  private let channels: JobChannels
  private let streams: JobStreamTable
  private let log: JobsLog
  private let counts: Locked<JobCounts>
  private let state = Locked<String?>(nil)

  init(
    pools: [QueueName: WorkerPool], relay: OutboxRelay, channels: JobChannels,
    streams: JobStreamTable, rateKeys: Set<RateKey>, logger: Logger
  ) {
    self.pools = pools
    self.relay = relay
    self.channels = channels
    self.streams = streams
    log = JobsLog(logger)
    counts = Locked(JobCounts(rateKeys: rateKeys))
  }

  /// Why the store cannot write just now; `nil` when it can.
  var fault: String? { state.withLock { $0 } }

  /// What has happened since the start.
  var counted: JobCounts { counts.withLock { $0 } }

  func stored(_ news: JobNews) {
    // Who waits for a job first: all else can wait a little.
    for queue in news.readyQueues { pools[queue]?.ready() }
    // Nobody knows what the pools missed while the store could not write.
    if news.fault?.isEmpty == true { for pool in pools.values { pool.ready() } }
    if news.hasOutbox { relay.wake() }
    if !news.events.isEmpty {
      channels.received(news.events)
      streams.received(news.events)
    }
    if !news.transitions.isEmpty || news.fencedWrites > 0 {
      counts.withLock { $0.count(news) }
      log.write(news)
    }
    if let fault = news.fault {
      let before = state.withLock { state in
        defer { state = fault.isEmpty ? nil : fault }
        return state
      }
      log.write(fault: fault, before: before)
    }
  }
}
