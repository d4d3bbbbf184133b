import FanfareActors
import FanfareRuntime

/// Jobs over HTTP (CONTRACT section 10). Every question is asked on the loop of its connection, and
/// answered there.
struct JobsAPI: Sendable {
  let node: JobsNode
  let limits: Limits

  /// Answers a request whose body is here.
  func answer(_ request: JobsRequest, on loop: EventLoop, hangUp: HangUp) async -> Response {
    do throws(Problem) {
      switch request.endpoint {
      case .lease(let queue): return try await lease(request, queue, hangUp, on: loop)
      case .heartbeat, .report, .jobLog: return try await work(request, on: loop)
      case .enqueue(let queue): return try await enqueue(request, in: queue, on: loop)
      case .job, .jobs, .retry: return try await job(request, on: loop)
      case .queues, .queue, .pause, .resume: return try await queues(request, on: loop)
      case .dead, .redrive: return try await dead(request, on: loop)
      case .workflows, .workflow: return try await workflow(request, on: loop)
      case .jobEvents: throw .strangeReply
      }
    } catch {
      return error.response
    }
  }

  func ask(_ command: JobCommand, on loop: EventLoop) async throws(Problem) -> JobReply {
    do {
      return try await node.store.perform(command, on: loop)
    } catch JobRefusal.noSuchQueue(let queue) {
      throw .noSuchQueue(queue, among: node.queues)
    } catch {
      throw Problem(error)
    }
  }

  /// Refuses a queue that the configuration does not have.
  func check(_ queue: QueueName) throws(Problem) {
    guard node.pool(for: queue) != nil else { throw .noSuchQueue(queue, among: node.queues) }
  }

  // MARK: Making jobs

  private func enqueue(
    _ request: JobsRequest, in queue: QueueName, on loop: EventLoop
  ) async throws(Problem) -> Response {
    try check(queue)
    let drafts = try drafts(request, in: queue)
    let key = request.key.map { name in
      JobRequestKey(name: "\(queue)/\(name)", fingerprint: StableHash.of(request.body))
    }
    guard case .enqueued(let jobs) = try await ask(.enqueue(drafts, key), on: loop),
      jobs.count == drafts.count
    else { throw .strangeReply }
    var writer = JSONWriter()
    guard request.isNDJSON else {
      write(jobs[0], to: &writer)
      return .json(jobs[0].isNew ? 201 : 200, writer.bytes)
    }
    writer.beginObject()
    writer.key("jobs")
    writer.beginArray()
    for job in jobs { write(job, to: &writer) }
    writer.endArray()
    writer.endObject()
    return .json(200, writer.bytes)
  }

  private func write(_ job: EnqueuedJob, to writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("id", job.id.description)
    writer.member("state", job.state.word)
    writer.key("new")
    writer.bool(job.isNew)
    writer.endObject()
  }

  private func drafts(
    _ request: JobsRequest, in queue: QueueName
  ) throws(Problem) -> [JobDraft] {
    guard request.isNDJSON else {
      let object = try RequestObject(
        request.body, problem: "bad-job", allowed: JobDraft.memberNames)
      return [try JobDraft(object, in: queue, limits)]
    }
    var drafts: [JobDraft] = []
    var lines = NDJSONLines()
    while let line = lines.next(in: request.body.span) {
      guard drafts.count < limits.jobsPerRequestMax else {
        throw Problem(
          413, "too-many-jobs",
          "Send at most \(limits.jobsPerRequestMax) jobs in one request; split the rest.")
      }
      let object = try RequestObject(
        request.body, line.range, place: "Line \(line.number): ", problem: "bad-job",
        allowed: JobDraft.memberNames)
      drafts.append(try JobDraft(object, in: queue, limits))
    }
    guard !drafts.isEmpty else {
      throw Problem(422, "empty", "Send at least one job, one JSON object a line.")
    }
    return drafts
  }

  // MARK: One job, and lists

  private func job(_ request: JobsRequest, on loop: EventLoop) async throws(Problem) -> Response {
    switch (request.endpoint, request.method) {
    case (.job(let id), .delete): return try await state(202, .cancel(id), on: loop)
    case (.job(let id), _): return .json(200, try await json(of: id, on: loop))
    case (.retry(let id), _):
      let object = try RequestObject(
        optional: request.body, problem: "bad-retry", allowed: ["args"])
      let arguments = try object.raw("args", bytesMax: limits.jobArgumentsBytesMax)
      return try await state(200, .retry(id, arguments: arguments), on: loop)
    default: return try await list(request, on: loop)
    }
  }

  /// All of a job as JSON.
  func json(of id: JobID, on loop: EventLoop) async throws(Problem) -> [UInt8] {
    guard case .job(let job, let waitingFor) = try await ask(.job(id), on: loop) else {
      throw .strangeReply
    }
    var writer = JSONWriter()
    JobJSON.write(job, waitingFor: waitingFor, to: &writer)
    return writer.bytes
  }

  /// Does what is answered by a state.
  func state(
    _ status: Int, _ command: JobCommand, on loop: EventLoop
  ) async throws(Problem) -> Response {
    guard case .state(let state) = try await ask(command, on: loop) else { throw .strangeReply }
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("state", state.word)
    if case .dead(let reason) = state { writer.member("reason", reason.rawValue) }
    writer.endObject()
    return .json(status, writer.bytes)
  }

  /// `GET /jobs?queue=&state=&task=&error=&workflow=&before=ID&limit=N&fields=`: the newest first.
  private func list(_ request: JobsRequest, on loop: EventLoop) async throws(Problem) -> Response {
    let query = try Query(request.target)
    var filter = try filter(query)
    if let text = query["queue"] {
      guard let queue = QueueName(text) else {
        throw .malformedQuery("Mend queue: \(QueueName.rule).")
      }
      try check(queue)
      filter.queue = queue
    }
    if let state = query["state"] {
      guard JobState.words.contains(state) else {
        throw .malformedQuery("Give state as one of \(JobState.words.joined(separator: ", ")).")
      }
      filter.state = state
    }
    return try await page(filter, query, cursor: "before", on: loop)
  }

  /// What a query says of the jobs that are meant.
  func filter(_ query: Query) throws(Problem) -> JobFilter {
    var filter = JobFilter()
    if let text = query["task"] {
      guard let task = TaskName(text) else {
        throw .malformedQuery("Mend task: \(TaskName.rule).")
      }
      filter.task = task
    }
    if let text = query["workflow"] {
      guard let workflow = WorkflowID(text) else { throw .noSuchWorkflow }
      filter.workflow = workflow
    }
    if let text = query["error"], !text.isEmpty { filter.errorText = text }
    return filter
  }

  /// A page of jobs, from the one before `cursor` on. It may end early, even with none, where that
  /// would be too many bytes or too many jobs were looked at: `next` says that there may be more.
  func page(
    _ filter: JobFilter, _ query: Query, cursor: String, on loop: EventLoop
  ) async throws(Problem) -> Response {
    let limit = try query.number("limit", in: 1...1_000) ?? 100
    let fields = try JobField.wanted(query)
    var before: JobID?
    if let text = query[cursor] {
      guard let id = JobID(text) else {
        throw .malformedQuery("Give \(cursor) as the id of a job.")
      }
      before = id
    }
    let command = JobCommand.jobs(
      filter, before: before, max: limit, isBrief: !fields.contains(where: \.isLong))
    guard case .jobs(let page) = try await ask(command, on: loop) else { throw .strangeReply }
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("jobs")
    writer.beginArray()
    for job in page.jobs { JobJSON.write(job, waitingFor: nil, fields, to: &writer) }
    writer.endArray()
    if let next = page.next { writer.member("next", next.description) }
    writer.endObject()
    return .json(200, writer.bytes)
  }
}

extension RequestObject {
  /// The object of a body that need not be there.
  init(optional body: [UInt8], problem: String, allowed: [String]) throws(Problem) {
    try self.init(body.isEmpty ? Array("{}".utf8) : body, problem: problem, allowed: allowed)
  }
}
