/// What a ``JobStore`` answers.
package enum JobReply: Sendable, Equatable {
  case enqueued([EnqueuedJob])
  case workflow(Workflow)
  case state(JobState)
  case leased([LeasedJob], rest: LeaseRest)
  case renewed(Renewal)
  case kept(LeaseStanding)
  /// With one sentence that says why it is not running, where it is not over and does not.
  case job(Job, waitingFor: String?)
  case jobs(JobPage)
  case steps([StepStatus])
  case events(JobEventPage)
  case log([UInt8])
  case queues([QueueStatus])
  case outbox([OutboxEntry])
  case done(Int)
}

/// A job that was asked for.
package struct EnqueuedJob: Sendable, Equatable {
  package let id: JobID
  package let state: JobState
  /// Whether it was made by this request, rather than by an earlier one with its key.
  package let isNew: Bool

  /// What became of one draft.
  package init(id: JobID, state: JobState, isNew: Bool) {
    self.id = id
    self.state = state
    self.isNew = isNew
  }
}

/// A job in the hands of a worker.
package struct LeasedJob: Sendable, Equatable {
  package let job: Job
  package let token: LeaseToken
  /// How long its worker may be silent.
  package let lease: Duration

  /// A lease that has just begun.
  package init(job: Job, token: LeaseToken, lease: Duration) {
    self.job = job
    self.token = token
    self.lease = lease
  }
}

/// What a heartbeat tells a worker.
package struct Renewal: Sendable, Equatable {
  /// How long it may be silent now: the shortest of its leases.
  package var lease: Duration
  /// Jobs that are to stop.
  package var cancel: [JobID]
  /// Leases that are no longer its own: what it writes under them is refused.
  package var lost: [JobID]

  /// An answer to a heartbeat.
  package init(lease: Duration, cancel: [JobID], lost: [JobID]) {
    self.lease = lease
    self.cancel = cancel
    self.lost = lost
  }
}

/// What a worker is told when it has written something under its lease.
package struct LeaseStanding: Sendable, Equatable {
  /// How long it may be silent now.
  package var lease: Duration
  /// Whether the job is to stop.
  package var isCancelled: Bool

  /// How a lease stands.
  package init(lease: Duration, isCancelled: Bool) {
    self.lease = lease
    self.isCancelled = isCancelled
  }
}

/// Some of a job's own events.
package struct JobEventPage: Sendable, Equatable {
  package var events: [JobEvent]
  /// The newest there is; 0 where there is none.
  package var last: Int64
  /// Whether the job is over: nothing follows ``last`` unless somebody retries it.
  package var isOver: Bool

  /// A page of events.
  package init(events: [JobEvent], last: Int64, isOver: Bool) {
    self.events = events
    self.last = last
    self.isOver = isOver
  }
}

/// How a queue stands.
package struct QueueStatus: Sendable, Equatable {
  package var queue: QueueName
  package var settings: QueueSettings
  package var isPaused: Bool
  /// By ``JobState/words``; those over count until their retention ends.
  package var counts: [String: Int]
  /// How long the oldest queued job has been waiting.
  package var oldest: Duration?
  /// Those that hold leases now, with how many; by name.
  package var workers: [(worker: WorkerName, leases: Int)]
  /// Dead jobs that still are to be retried at their pace.
  package var redriving: Int

  /// A queue of which nothing is known yet.
  package init(queue: QueueName, settings: QueueSettings) {
    self.queue = queue
    self.settings = settings
    isPaused = false
    counts = [:]
    workers = []
    redriving = 0
  }

  package static func == (left: Self, right: Self) -> Bool {
    left.queue == right.queue && left.settings == right.settings
      && left.isPaused == right.isPaused && left.counts == right.counts
      && left.oldest == right.oldest && left.redriving == right.redriving
      && left.workers.elementsEqual(right.workers) { $0 == $1 }
  }
}

/// Why a ``JobStore`` did nothing.
package enum JobRefusal: Error, Sendable, Equatable {
  case noSuchJob
  case noSuchWorkflow
  case noSuchQueue(QueueName)
  /// Another holds the lease, or the job has ended otherwise.
  case leaseLost
  /// It cannot be cancelled: it is over.
  case over(JobState)
  /// It cannot be retried: it is not dead or cancelled.
  case notOver(JobState)
  /// It cannot be retried: this step before it has not succeeded.
  case stepBefore(JobID)
  /// The key was used for another request.
  case keyMismatch
  /// The store holds as many jobs as it may.
  case tooManyJobs
  /// The store cannot write (full, read-only, damaged, being closed): nothing happened. For people.
  case unavailable(String)
}
