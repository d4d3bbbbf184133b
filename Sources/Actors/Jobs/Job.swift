/// One piece of background work, as the store knows it.
package struct Job: Sendable, Equatable {
  package let id: JobID
  package let queue: QueueName
  package let task: TaskName
  /// One JSON value.
  package var arguments: [UInt8]
  package var state: JobState
  /// Those with a greater one are leased first; -100 to 100.
  package var priority: Int
  /// Failures after which it is dead.
  package var attemptsMax: Int
  /// Attempts that failed.
  package var failures = 0
  /// Leases that were lost.
  package var crashes = 0
  /// Leases that were given back.
  package var releases = 0
  /// How often it was leased; the newest ``LeaseToken``.
  package var leases: Int64 = 0
  /// How long one attempt may take; as long as its worker renews the lease where there is none.
  package var timeout: Duration?
  /// What it may say of itself, as the newest word of its worker.
  package var progress: JobProgress?
  /// What its worker wants to find again after an interruption; one JSON value.
  package var checkpoint: [UInt8]?
  /// One JSON value, once it has succeeded.
  package var result: [UInt8]?
  /// What the step before it in its workflow came to.
  package var input: [UInt8]?
  package var usage: JobUsage?
  /// The newest last; at most ``JobError/countMax``.
  package var errors: [JobError] = []
  /// Where its events are published, besides its own list of them.
  package var channel: ChannelName?
  /// The types of its events on the channel where they are not the usual ones.
  package var eventTypes: [JobEventKind: EventType] = [:]
  package var workflow: WorkflowStep?
  /// No other job of its queue with this key is made until it is over, or ``uniqueUntil``.
  package var key: String?
  package var uniqueUntil: Int64?
  package var rateKey: RateKey?
  /// The units (tokens) of its rate key's budget that an attempt is expected to take.
  package var cost = 0
  /// Who has it, while it runs.
  package var worker: WorkerName?
  /// Whether its worker is to stop: it ends as cancelled, whatever the worker says.
  package var isCancelRequested = false
  // Milliseconds since 1970.
  package var created: Int64
  /// When its newest attempt began.
  package var started: Int64?
  package var finished: Int64?
  /// When it becomes queued, where it is scheduled or retrying.
  package var nextAt: Int64?

  /// A job that has just been made.
  package init(
    id: JobID, queue: QueueName, task: TaskName, arguments: [UInt8], state: JobState,
    priority: Int, attemptsMax: Int, created: Int64
  ) {
    self.id = id
    self.queue = queue
    self.task = task
    self.arguments = arguments
    self.state = state
    self.priority = priority
    self.attemptsMax = attemptsMax
    self.created = created
  }

  /// The attempt that runs, or ran last: 1 for the first; 0 before it. What its worker could not
  /// help (a release) counts none.
  package var attempt: Int { Int(leases) - releases }
}

/// How far a job is.
public struct JobProgress: Sendable, Equatable {
  /// Finite; of ``total`` where there is one.
  public var current: Double
  /// Finite.
  public var total: Double?
  /// For people.
  public var message: String?

  /// `current` of `total`.
  public init(current: Double, total: Double? = nil, message: String? = nil) {
    self.current = current
    self.total = total
    self.message = message
  }
}

/// What an attempt has used up.
package struct JobUsage: Sendable, Equatable {
  /// Settles the budget of its rate key.
  package var tokens: Int?
  /// In the currency of whoever pays.
  package var cost: Double?
  /// In seconds.
  package var duration: Double?
  /// All of it as the worker wrote it: one JSON object.
  package var json: [UInt8]

  /// What was read from `json`.
  package init(tokens: Int?, cost: Double?, duration: Double?, json: [UInt8]) {
    self.tokens = tokens
    self.cost = cost
    self.duration = duration
    self.json = json
  }
}

/// What went wrong in one attempt.
package struct JobError: Sendable, Equatable {
  /// The errors that a job keeps: the newest.
  package static let countMax = 10

  package var attempt: Int
  /// Milliseconds since 1970.
  package var time: Int64
  package var text: String

  /// The error of one attempt.
  package init(attempt: Int, time: Int64, text: String) {
    self.attempt = attempt
    self.time = time
    self.text = text
  }
}

/// A job's place in its workflow.
package struct WorkflowStep: Sendable, Equatable {
  package var workflow: WorkflowID
  /// From 0.
  package var index: Int

  /// The place of step `index`.
  package init(workflow: WorkflowID, index: Int) {
    self.workflow = workflow
    self.index = index
  }
}
