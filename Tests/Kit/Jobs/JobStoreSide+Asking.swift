import FanfareActors
import FanfareRuntime

/// The words that the scenarios are written in.
extension JobStoreSide {
  // MARK: Expecting

  nonisolated func expect(
    _ condition: Bool, _ text: @autoclosure () -> String = "", line: Int = #line,
    file: String = #fileID
  ) throws {
    guard !condition else { return }
    throw JobStoreViolation(description: "\(file):\(line): \(text())")
  }

  nonisolated func expect<Value: Equatable>(
    _ value: Value, is wanted: Value, line: Int = #line, file: String = #fileID
  ) throws {
    try expect(value == wanted, "\(value), not \(wanted)", line: line, file: file)
  }

  /// Asks for what must be refused.
  func expect(
    _ command: JobCommand, refused refusal: JobRefusal, line: Int = #line, file: String = #fileID
  ) async throws {
    let answer = await ask(command)
    try expect(answer == .failure(refusal), "\(answer), not \(refusal)", line: line, file: file)
  }

  private func wrong(_ reply: JobReply) -> JobStoreViolation {
    JobStoreViolation(description: "answered \(reply)")
  }

  // MARK: Wanting work done

  func draft(
    _ queue: QueueName = .prompt, _ task: TaskName = .work,
    _ change: (inout JobDraft) -> Void = { _ in }
  ) -> JobDraft {
    var draft = JobDraft(queue: queue, task: task, arguments: Array("{}".utf8))
    change(&draft)
    return draft
  }

  func add(_ drafts: [JobDraft], key: JobRequestKey? = nil) async throws -> [EnqueuedJob] {
    let reply = try await done(.enqueue(drafts, key))
    guard case .enqueued(let jobs) = reply else { throw wrong(reply) }
    return jobs
  }

  func add(
    _ queue: QueueName = .prompt, _ task: TaskName = .work,
    _ change: (inout JobDraft) -> Void = { _ in }
  ) async throws -> JobID {
    let jobs = try await add([draft(queue, task, change)])
    try expect(jobs.count, is: 1)
    try expect(jobs[0].isNew)
    return jobs[0].id
  }

  func start(_ drafts: [JobDraft], key: JobRequestKey? = nil) async throws -> Workflow {
    let reply = try await done(.startWorkflow(drafts, key))
    guard case .workflow(let workflow) = reply else { throw wrong(reply) }
    return workflow
  }

  func cancel(_ id: JobID) async throws -> JobState {
    try state(try await done(.cancel(id)))
  }

  func retry(_ id: JobID, arguments: [UInt8]? = nil) async throws -> JobState {
    try state(try await done(.retry(id, arguments: arguments)))
  }

  private func state(_ reply: JobReply) throws -> JobState {
    guard case .state(let state) = reply else { throw wrong(reply) }
    return state
  }

  // MARK: Working

  func take(
    _ max: Int = 1, _ queue: QueueName = .prompt, by worker: WorkerName = .one,
    tasks: [TaskName]? = nil
  ) async throws -> [LeasedJob] {
    let reply = try await done(.lease(queue, worker, tasks: tasks, max: max))
    guard case .leased(let jobs, _) = reply else { throw wrong(reply) }
    return jobs
  }

  /// Takes jobs, and expects what is told of the rest.
  func take(
    _ max: Int, _ queue: QueueName = .prompt, by worker: WorkerName = .one,
    tasks: [TaskName]? = nil, leaves left: Int, _ reason: LeaseRest.Reason?, line: Int = #line,
    file: String = #fileID
  ) async throws {
    let reply = try await done(.lease(queue, worker, tasks: tasks, max: max))
    guard case .leased(_, let rest) = reply else { throw wrong(reply) }
    try expect(rest, is: LeaseRest(left: left, reason: reason), line: line, file: file)
  }

  /// Leases the one job that must be there.
  func takeOne(
    _ queue: QueueName = .prompt, by worker: WorkerName = .one, line: Int = #line,
    file: String = #fileID
  ) async throws -> LeasedJob {
    let jobs = try await take(1, queue, by: worker)
    try expect(jobs.count == 1, "leased \(jobs.count), not 1", line: line, file: file)
    return jobs[0]
  }

  func beat(_ claims: LeaseClaim...) async throws -> Renewal {
    let reply = try await done(.heartbeat(.one, claims))
    guard case .renewed(let renewal) = reply else { throw wrong(reply) }
    return renewal
  }

  func tell(_ claim: LeaseClaim, _ current: Double) async throws -> LeaseStanding {
    try standing(try await done(.progress(claim, JobProgress(current: current))))
  }

  func keep(_ claim: LeaseClaim, _ checkpoint: String) async throws -> LeaseStanding {
    try standing(try await done(.checkpoint(claim, Array(checkpoint.utf8))))
  }

  func log(_ claim: LeaseClaim, _ text: String) async throws -> LeaseStanding {
    try standing(try await done(.log(claim, Array(text.utf8))))
  }

  private func standing(_ reply: JobReply) throws -> LeaseStanding {
    guard case .kept(let standing) = reply else { throw wrong(reply) }
    return standing
  }

  func succeed(
    _ claim: LeaseClaim, _ result: String = "1", usage: JobUsage? = nil
  ) async throws -> JobState {
    try state(try await done(.succeed(claim, result: Array(result.utf8), usage)))
  }

  func fail(
    _ claim: LeaseClaim, _ error: String = "broken",
    _ change: (inout JobFailure) -> Void = { _ in }
  ) async throws -> JobState {
    var failure = JobFailure(error: error)
    change(&failure)
    return try state(try await done(.fail(claim, failure)))
  }

  func release(_ claim: LeaseClaim) async throws -> JobState {
    try state(try await done(.release(claim)))
  }

  // MARK: Looking

  func look(_ id: JobID) async throws -> (job: Job, waitingFor: String?) {
    let reply = try await done(.job(id))
    guard case .job(let job, let waitingFor) = reply else { throw wrong(reply) }
    return (job, waitingFor)
  }

  func job(_ id: JobID) async throws -> Job { try await look(id).job }

  func list(
    before: JobID? = nil, max: Int = 1_000, _ change: (inout JobFilter) -> Void = { _ in }
  ) async throws -> [Job] {
    var filter = JobFilter()
    change(&filter)
    var jobs: [Job] = []
    var place = before
    repeat {
      let page = try await page(of: filter, before: place, max: max - jobs.count)
      jobs += page.jobs
      place = page.next
    } while place != nil && jobs.count < max
    return jobs
  }

  func page(
    of filter: JobFilter, before: JobID? = nil, max: Int = 1_000, isBrief: Bool = false
  ) async throws -> JobPage {
    let reply = try await done(.jobs(filter, before: before, max: max, isBrief: isBrief))
    guard case .jobs(let page) = reply else { throw wrong(reply) }
    return page
  }

  func steps(of id: WorkflowID) async throws -> [StepStatus] {
    let reply = try await done(.steps(id))
    guard case .steps(let steps) = reply else { throw wrong(reply) }
    return steps
  }

  func page(_ id: JobID, after: Int64 = 0, max: Int = 1_000) async throws -> JobEventPage {
    let reply = try await done(.events(id, after: after, max: max))
    guard case .events(let page) = reply else { throw wrong(reply) }
    return page
  }

  func kinds(_ id: JobID) async throws -> [JobEventKind] {
    try await page(id).events.map(\.kind)
  }

  func look(at id: WorkflowID) async throws -> Workflow {
    let reply = try await done(.workflow(id))
    guard case .workflow(let workflow) = reply else { throw wrong(reply) }
    return workflow
  }

  func queue(_ name: QueueName) async throws -> QueueStatus {
    let reply = try await done(.queues)
    guard case .queues(let all) = reply, let found = all.first(where: { $0.queue == name }) else {
      throw wrong(reply)
    }
    return found
  }

  func outbox(after: Int64 = 0, max: Int = 10_000) async throws -> [OutboxEntry] {
    let reply = try await done(.outbox(after: after, max: max))
    guard case .outbox(let entries) = reply else { throw wrong(reply) }
    return entries
  }

  func count(_ command: JobCommand) async throws -> Int {
    let reply = try await done(command)
    guard case .done(let count) = reply else { throw wrong(reply) }
    return count
  }
}

extension LeasedJob {
  /// What its worker has to show.
  package var claim: LeaseClaim { LeaseClaim(job: job.id, token: token) }
}

extension JobUsage {
  /// So many units.
  package static func tokens(_ count: Int) -> Self {
    Self(tokens: count, cost: nil, duration: nil, json: Array("{\"tokens\":\(count)}".utf8))
  }
}
