/// What can be asked of a ``JobStore``. Each is one step: all of it happens, with its events and
/// what is to be published, or nothing.
package enum JobCommand: Sendable {
  // MARK: Whoever wants work done

  /// Makes jobs, all or none. → ``JobReply/enqueued(_:)``
  ///
  /// A draft whose key is taken makes no job; the one that has it is returned.
  case enqueue([JobDraft], JobRequestKey?)
  /// Makes jobs of which each waits for the one before; at least one, at most 100.
  /// → ``JobReply/workflow(_:)``
  case startWorkflow([JobDraft], JobRequestKey?)
  /// Ends a job and, where it is a step, all after it. One that runs is asked to stop, and is
  /// cancelled whatever its worker says then. → ``JobReply/state(_:)``, or ``JobRefusal/over(_:)``
  case cancel(JobID)
  case cancelWorkflow(WorkflowID)
  /// Queues a dead or cancelled job once more, with all its attempts; `arguments` replace its own.
  /// The steps after it wait again. → ``JobReply/state(_:)``, or ``JobRefusal/notOver(_:)``, or
  /// ``JobRefusal/stepBefore(_:)`` for a step of which the one before has not succeeded.
  case retry(JobID, arguments: [UInt8]?)

  // MARK: Workers

  /// Hands out at most `max` jobs, and never more than the queue's settings let this worker have.
  /// Answers at once. → ``JobReply/leased(_:rest:)``
  ///
  /// - Parameter tasks: what the worker can do; everything where there is none.
  case lease(QueueName, WorkerName, tasks: [TaskName]?, max: Int)
  /// Renews leases. → ``JobReply/renewed(_:)``
  case heartbeat(WorkerName, [LeaseClaim])
  /// Both renew the lease too. → ``JobReply/kept(_:)``
  case progress(LeaseClaim, JobProgress)
  case checkpoint(LeaseClaim, [UInt8])
  /// Appends to the job's log, of which the newest bytes are kept. → ``JobReply/kept(_:)``
  case log(LeaseClaim, [UInt8])
  /// → ``JobReply/state(_:)``. The same again answers the same. So does a late one, as long as
  /// nobody else has the job and it did not end otherwise.
  case succeed(LeaseClaim, result: [UInt8]?, JobUsage?)
  case fail(LeaseClaim, JobFailure)
  case release(LeaseClaim)

  // MARK: Whoever looks

  /// → ``JobReply/job(_:waitingFor:)``
  case job(JobID)
  /// The newest first, those made before `before`; no more than ``JobPage`` allows.
  /// → ``JobReply/jobs(_:)``
  ///
  /// - Parameter isBrief: without what may be long: arguments, input, checkpoint, result, usage.
  case jobs(JobFilter, before: JobID?, max: Int, isBrief: Bool = false)
  /// A job's own events after `sequence`, at most `max` and some 1 MiB. → ``JobReply/events(_:)``
  case events(JobID, after: Int64, max: Int)
  /// → ``JobReply/log(_:)``
  case readLog(JobID)
  /// → ``JobReply/workflow(_:)``
  case workflow(WorkflowID)
  /// Where the steps of a workflow stand that are still kept, in order. → ``JobReply/steps(_:)``
  case steps(WorkflowID)
  /// All queues. → ``JobReply/queues(_:)``
  case queues

  // MARK: Operators

  /// Hands out no more jobs of a queue, until it is resumed. → ``JobReply/done(_:)``
  case pause(QueueName)
  case resume(QueueName)
  /// Retries the dead jobs that are there now, `perSecond` at a time, or all at once.
  /// → ``JobReply/done(_:)``: how many there are. In place of what was under way in this queue.
  case redrive(QueueName, JobFilter, perSecond: Double?)
  /// Ends that. → ``JobReply/done(_:)``: how many had been left
  case stopRedrive(QueueName)
  /// Deletes dead jobs, at most 10,000 at a time. → ``JobReply/done(_:)``: how many
  case purge(QueueName, JobFilter)

  // MARK: The relay

  /// What is to be published, the oldest first. → ``JobReply/outbox(_:)``
  case outbox(after: Int64, max: Int)
  /// All up to this number was published. → ``JobReply/done(_:)``
  case published(through: Int64)
}

/// A lease as its holder knows it.
package struct LeaseClaim: Sendable, Hashable {
  package let job: JobID
  package let token: LeaseToken

  /// The lease `token` of `job`.
  package init(job: JobID, token: LeaseToken) {
    self.job = job
    self.token = token
  }
}

/// How an attempt failed.
package struct JobFailure: Sendable, Equatable {
  /// For people.
  package var error: String
  /// Whether another attempt may help.
  package var mayRetry = true
  /// Not before then.
  package var retryAfter: Duration?
  /// Whether the provider behind the rate key refused: no attempt is counted, and nobody gets a job
  /// with that key for ``retryAfter`` (1 second where there is none).
  package var isRateLimited = false

  /// An attempt that failed of `error`.
  package init(error: String) {
    self.error = error
  }
}
