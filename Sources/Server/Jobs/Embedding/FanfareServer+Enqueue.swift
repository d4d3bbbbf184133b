import FanfareActors
import FanfareRuntime

/// Jobs, for the program that embeds the server. Every call may come from any task, and is carried
/// out whether or not that task is cancelled meanwhile.
extension FanfareServer {
  // MARK: Asking for jobs

  /// Asks for a job. It stands on the disk when this returns, and is started at least once.
  ///
  /// A job whose ``NewJob/uniqueKey`` is taken is not made; the one that has it is returned.
  ///
  /// - Parameter key: makes a repeated call harmless for 24 hours: it returns what the first one
  ///   did; 1 to 255 bytes.
  /// - Throws: ``JobsError``; nothing was made.
  @discardableResult
  public func enqueue(
    _ job: NewJob, key: String? = nil
  ) async throws(JobsError) -> AcceptedJob {
    try await enqueue([job], key: key)[0]
  }

  /// Asks for several jobs, of any queues: all are accepted, in this order, or none.
  ///
  /// At most `limits.jobs-per-request`, whose arguments together have at most
  /// `limits.publish-body`.
  ///
  /// - Parameter key: as of one job.
  /// - Throws: ``JobsError``; nothing was made.
  @discardableResult
  public func enqueue(
    _ jobs: [NewJob], key: String? = nil
  ) async throws(JobsError) -> [AcceptedJob] {
    let node = try keptJobs
    guard !jobs.isEmpty else { return [] }
    guard jobs.count <= settings.limits.jobsPerRequestMax else {
      throw .refused("enqueue at most \(settings.limits.jobsPerRequestMax) jobs in one call")
    }
    let asked = try drafts(jobs, of: node) { jobs.count == 1 ? "" : "Job \($0): " }
    let name = try key.map { key throws(JobsError) in try request(key, "jobs", asked.body) }
    guard case .enqueued(let made) = try await node.desk.ask(.enqueue(asked.drafts, name)),
      made.count == jobs.count
    else { throw .strangeReply }
    return made.map(AcceptedJob.init)
  }

  /// Asks for jobs that are done one after another, each with the result of the one before as its
  /// input; 1 to `limits.workflow-steps`. It stands on the disk when this returns.
  ///
  /// A step begins when the one before it has succeeded: it has neither a start nor a unique key of
  /// its own.
  ///
  /// - Parameters:
  ///   - channel: that of the steps that name none.
  ///   - key: as of one job.
  /// - Throws: ``JobsError``; nothing was made.
  @discardableResult
  public func startWorkflow(
    _ steps: [NewJob], channel: String? = nil, key: String? = nil
  ) async throws(JobsError) -> WorkflowSnapshot {
    let node = try keptJobs
    guard (1...settings.limits.workflowStepsMax).contains(steps.count) else {
      throw .refused("a workflow has 1 to \(settings.limits.workflowStepsMax) steps")
    }
    var jobs = steps
    for (index, step) in steps.enumerated() {
      guard step.start == .now, step.uniqueKey == nil, step.uniqueFor == nil else {
        throw .refused(
          "Step \(index + 1): it begins when the one before has succeeded; leave out start, "
            + "uniqueKey and uniqueFor")
      }
      jobs[index].channel = step.channel ?? channel
    }
    let asked = try drafts(jobs, of: node) { "Step \($0): " }
    let name = try key.map { key throws(JobsError) in
      try request(key, "workflows", asked.body)
    }
    guard case .workflow(let made) = try await node.desk.ask(.startWorkflow(asked.drafts, name))
    else { throw .strangeReply }
    return WorkflowSnapshot(made)
  }

  // MARK: Looking, and thinking otherwise

  /// How a job stands. Its events come by ``follow(_:from:types:)`` of the channel `job:<id>`.
  ///
  /// - Throws: ``JobsError/noSuchJob``, or that the store cannot be asked.
  public func job(_ id: String) async throws(JobsError) -> JobSnapshot {
    let (node, id) = (try keptJobs, try Self.job(id))
    guard case .job(let job, let waitingFor) = try await node.desk.ask(.job(id)) else {
      throw .strangeReply
    }
    return JobSnapshot(job, waitingFor: waitingFor)
  }

  /// A job as it stands when it is over: at once, or as soon as that is so.
  ///
  /// - Throws: ``JobsError``, also ``JobsError/notRunning`` when the server stops before;
  ///   `CancellationError` when the task is cancelled.
  public func ending(of id: String) async throws -> JobSnapshot {
    _ = try await job(id)
    for try await item in try follow(["job:\(id)"]) {
      // What happened before one was attached is told by the job alone.
      if case .event(let event) = item, !Self.mayEnd(event.type) { continue }
      let job = try await job(id)
      if job.state.isOver { return job }
    }
    try Task.checkCancellation()
    throw JobsError.notRunning
  }

  private static func mayEnd(_ type: EventType) -> Bool {
    JobEventKind.allCases.contains { $0.isTerminal && $0.type == type.text }
  }

  /// Cancels a job and, where it is a step, all after it. Returns how it stands then: one that runs
  /// is asked to stop, and ends as cancelled whatever its worker says.
  ///
  /// - Throws: ``JobsError/over(_:)``, ``JobsError/noSuchJob``, or that the store cannot take it.
  @discardableResult
  public func cancelJob(_ id: String) async throws(JobsError) -> JobState {
    let (node, id) = (try keptJobs, try Self.job(id))
    return try await Self.state(node, .cancel(id))
  }

  /// Queues a dead or cancelled job once more, with all its attempts. Returns how it stands then.
  ///
  /// - Throws: ``JobsError/notOver(_:)``, ``JobsError/stepBefore(id:)``, ``JobsError/noSuchJob``,
  ///   or that the store cannot take it.
  @discardableResult
  public func retryJob(_ id: String) async throws(JobsError) -> JobState {
    let (node, id) = (try keptJobs, try Self.job(id))
    return try await Self.state(node, .retry(id, arguments: nil))
  }

  /// As ``retryJob(_:)``, with other arguments than it had.
  ///
  /// - Throws: also ``JobsError/refused(_:)`` where they cannot be written as JSON or are larger
  ///   than `limits.job-args`.
  @discardableResult
  public func retryJob(
    _ id: String, with arguments: some Encodable
  ) async throws(JobsError) -> JobState {
    let (node, name) = (try keptJobs, try Self.job(id))
    let json = try NewJob.json(arguments, of: "job \(id)")
    guard json.count <= settings.limits.jobArgumentsBytesMax else {
      throw .refused(
        "the arguments of a job have at most \(settings.limits.jobArgumentsBytesMax) bytes")
    }
    return try await Self.state(node, .retry(name, arguments: json))
  }

  /// How a workflow stands. Its updates come by ``follow(_:from:types:)`` of the channel
  /// `workflow:<id>`.
  ///
  /// - Throws: ``JobsError/noSuchWorkflow``, or that the store cannot be asked.
  public func workflow(_ id: String) async throws(JobsError) -> WorkflowSnapshot {
    let (node, id) = (try keptJobs, try Self.workflow(id))
    guard case .workflow(let workflow) = try await node.desk.ask(.workflow(id)) else {
      throw .strangeReply
    }
    return WorkflowSnapshot(workflow)
  }

  /// Cancels all steps of a workflow that are not over; the one that runs is asked to stop.
  ///
  /// - Throws: ``JobsError/over(_:)``, ``JobsError/noSuchWorkflow``, or that the store cannot take
  ///   it.
  public func cancelWorkflow(_ id: String) async throws(JobsError) {
    let (node, id) = (try keptJobs, try Self.workflow(id))
    _ = try await Self.state(node, .cancelWorkflow(id))
  }

  // MARK: Inside

  /// What the store is asked for, and the bytes by which the same call is known again.
  private func drafts(
    _ jobs: [NewJob], of node: JobsNode, place: (Int) -> String
  ) throws(JobsError) -> (drafts: [JobDraft], body: [UInt8]) {
    var all: [UInt8] = []
    var drafts: [JobDraft] = []
    for (index, job) in jobs.enumerated() {
      let place = place(index + 1)
      let body = try job.body(place)
      let draft = try JobDraft(job, body, place: place, settings.limits)
      guard node.pool(for: draft.queue) != nil else {
        throw .refused(place + Problem.noSuchQueue(draft.queue, among: node.queues).detail)
      }
      all += Array("\(draft.queue)\n".utf8) + body + [0x0A]
      guard jobs.count == 1 || all.count <= settings.limits.publishBodyBytesMax else {
        throw .refused(
          "jobs of one call have at most \(settings.limits.publishBodyBytesMax) bytes together; "
            + "split them")
      }
      drafts.append(draft)
    }
    return (drafts, all)
  }

  /// The key of a call; it cannot be that of a request over HTTP.
  private func request(
    _ key: String, _ kind: String, _ body: [UInt8]
  ) throws(JobsError) -> JobRequestKey {
    guard (1...settings.limits.idempotencyKeyBytesMax).contains(key.utf8.count) else {
      throw .refused("a key has 1 to \(settings.limits.idempotencyKeyBytesMax) bytes")
    }
    return JobRequestKey(name: "+\(kind)/\(key)", fingerprint: StableHash.of(body))
  }

  private static func job(_ id: String) throws(JobsError) -> JobID {
    guard let id = JobID(id) else { throw .noSuchJob }
    return id
  }

  private static func workflow(_ id: String) throws(JobsError) -> WorkflowID {
    guard let id = WorkflowID(id) else { throw .noSuchWorkflow }
    return id
  }

  private static func state(
    _ node: JobsNode, _ command: JobCommand
  ) async throws(JobsError) -> JobState {
    guard case .state(let state) = try await node.desk.ask(command) else { throw .strangeReply }
    return state
  }
}

extension JobsError {
  /// A store answered something else than it was asked.
  fileprivate static let strangeReply = JobsError.notAccepted("the store made a mistake")
}
