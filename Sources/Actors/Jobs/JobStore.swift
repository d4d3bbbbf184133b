import FanfareRuntime

/// Where jobs are kept, and outlive the process.
///
/// The promise: a job that was accepted is started at least once; what its workers write through
/// here is applied once, because it carries the fencing token of their lease.
///
/// Leases run on the store's monotonic clock: a wall clock that jumps ends none. When a store
/// starts, every lease that was there gets one fresh period.
package protocol JobStore: Sendable {
  /// Hears what happens from now on. Once, before ``start()``.
  func connect(to feed: any JobStoreFeed)

  /// Opens what is kept and begins to watch over leases and times.
  ///
  /// - Throws: ``JobRefusal/unavailable(_:)`` with what is to be mended.
  func start() async throws(JobRefusal)

  /// Writes what is under way and closes. What is asked from now on is refused.
  func stop() async

  /// Does one thing, durably, and answers on `loop`, from where it is asked. Those asked in one
  /// turn of a loop are done together, in their order.
  func perform(
    _ command: JobCommand, on loop: EventLoop
  ) async throws(JobRefusal) -> JobReply
}

extension JobStore {
  /// Gives back what was leased for a worker that has gone.
  ///
  /// - Parameter asker: who asks; pinned to `loop`.
  package func giveBack(
    _ leases: [LeaseClaim], on loop: EventLoop, from asker: isolated any Actor
  ) {
    for claim in leases {
      // Each in a task of its own: they reach the store together.
      Task {
        // What is captured decides where the task runs.
        _ = asker
        // A store that cannot write takes the job back when the lease ends.
        _ = try? await perform(.release(claim), on: loop)
      }
    }
  }
}

/// Hears what a store has done.
package protocol JobStoreFeed: Sendable {
  /// Called on the store's own loop, after what is told has become durable, in its order.
  func stored(_ news: JobNews)
}

/// What one commit of a store has brought.
package struct JobNews: Sendable {
  /// What happened to jobs, in its order.
  package var transitions: [JobTransition] = []
  /// Events of jobs, in their order.
  package var events: [JobEvent] = []
  /// Queues in which workers may find something that was not there before: a queued job, a budget
  /// that has filled, room under a bound.
  package var readyQueues: [QueueName] = []
  /// Whether there is more to publish.
  package var hasOutbox = false
  /// Writes that were refused because their lease was another's.
  package var fencedWrites = 0
  /// Whether the store can write: `nil` where nothing changed, else what is to be mended, empty
  /// when it can again.
  package var fault: String?

  /// Nothing yet.
  package init() {}

  /// Whether there is nothing to tell.
  package var isEmpty: Bool {
    transitions.isEmpty && events.isEmpty && readyQueues.isEmpty && !hasOutbox
      && fencedWrites == 0 && fault == nil
  }
}

/// A job that went from one state to another.
package struct JobTransition: Sendable, Equatable {
  /// What moved it, for logs and counters.
  package enum Cause: String, Sendable {
    case enqueued, due, leased, succeeded, failed, rateLimited = "rate_limited"
    case crashed, released, cancelled, retried, stepDone = "step_done", timedOut = "timed_out"
    case deleted
  }

  package let job: JobID
  package let queue: QueueName
  package let task: TaskName
  /// `nil` for one that was made.
  package let from: JobState?
  /// `nil` for one that was deleted.
  package let to: JobState?
  package let cause: Cause
  package let attempt: Int
  package let worker: WorkerName?
  /// How long it had been in ``from``.
  package let lasted: Duration
  package let rateKey: RateKey?

  /// One step of a job's life.
  package init(
    job: JobID, queue: QueueName, task: TaskName, from: JobState?, to: JobState?, cause: Cause,
    attempt: Int, worker: WorkerName?, lasted: Duration, rateKey: RateKey?
  ) {
    self.job = job
    self.queue = queue
    self.task = task
    self.from = from
    self.to = to
    self.cause = cause
    self.attempt = attempt
    self.worker = worker
    self.lasted = lasted
    self.rateKey = rateKey
  }
}

/// What a store needs to know of the configuration.
package struct JobStoreSettings: Sendable {
  package var queues: [QueueName: QueueSettings]
  package var budgets: [RateKey: RateBudget]
  /// How long a job that is over is kept, with its events.
  package var retention: Duration
  /// Writes events' data.
  package var events: any JobEventWriter
  package var limits: Limits
  /// The jobs that are kept, those over among them. Beyond it none is made.
  package var jobsMax = 10_000_000
  /// The bytes of one job's log: the newest are kept.
  package var logBytesMax = 256 * 1_024

  /// What a store is opened with.
  package init(
    queues: [QueueName: QueueSettings], budgets: [RateKey: RateBudget], retention: Duration,
    events: any JobEventWriter, limits: Limits
  ) {
    self.queues = queues
    self.budgets = budgets
    self.retention = retention
    self.events = events
    self.limits = limits
  }
}
