import FanfareActors
import FanfareRuntime

/// What workers ask and say.
extension JobsAPI {
  // MARK: Leases

  /// `POST /queues/{queue}/lease`: waits for a job where there is none.
  func lease(
    _ request: JobsRequest, _ queue: QueueName, _ hangUp: HangUp, on loop: EventLoop
  ) async throws(Problem) -> Response {
    guard let pool = node.pool(for: queue) else {
      throw .noSuchQueue(queue, among: node.queues)
    }
    let object = try RequestObject(
      request.body, problem: "bad-lease", allowed: ["worker", "tasks", "max", "wait"])
    guard let worker = try object.text("worker", WorkerName.rule, { WorkerName($0) }) else {
      throw object.refusal("Give the worker a name that no other worker has.")
    }
    let tasks = try tasks(object)
    let max = try object.int("max", in: 1...limits.jobsPerRequestMax) ?? 1
    let wait = min(try object.seconds("wait", max: 86_400) ?? .zero, limits.pollWaitMax)
    let jobs: [LeasedJob]
    do {
      jobs = try await pool.lease(worker, tasks: tasks, max: max, wait: wait, hangUp: hangUp)
    } catch {
      throw Problem(error)
    }
    let now = loop.wallMilliseconds()
    var bytes: [UInt8] = []
    bytes.reserveCapacity(64 + jobs.reduce(0) { $0 + $1.job.arguments.count + 256 })
    var writer = JSONWriter(appendingTo: bytes)
    writer.beginObject()
    writer.key("jobs")
    writer.beginArray()
    for job in jobs { JobJSON.write(job, now: now, to: &writer) }
    writer.endArray()
    writer.endObject()
    var response = Response.json(200, writer.bytes)
    response.leases = jobs.map { LeaseClaim(job: $0.job.id, token: $0.token) }
    return response
  }

  private func tasks(_ object: RequestObject) throws(Problem) -> [TaskName]? {
    guard let texts = try object.strings("tasks") else { return nil }
    guard (1...1_000).contains(texts.count) else {
      throw object.refusal("Give 1 to 1000 tasks, or leave them out to get jobs of any.")
    }
    var tasks: [TaskName] = []
    for text in texts {
      guard let task = TaskName(text) else { throw object.refusal("Mend tasks: \(TaskName.rule).") }
      tasks.append(task)
    }
    return tasks
  }

  // MARK: Reports

  /// What a worker writes of the jobs that it has.
  func work(_ request: JobsRequest, on loop: EventLoop) async throws(Problem) -> Response {
    switch request.endpoint {
    case .heartbeat(let worker): return try await heartbeat(request, worker, on: loop)
    case .jobLog(let id):
      guard request.method == .post else { return try await log(of: id, on: loop) }
      let query = try Query(request.target)
      guard let text = query["lease"], let token = LeaseToken(text) else {
        throw .malformedQuery("Give the lease that the job was handed out with: ?lease=…")
      }
      let claim = LeaseClaim(job: id, token: token)
      return try await standing(.log(claim, request.body), on: loop)
    case .report(let id, let report): return try await self.report(request, id, report, on: loop)
    default: throw .strangeReply
    }
  }

  private func report(
    _ request: JobsRequest, _ id: JobID, _ report: JobsEndpoint.Report, on loop: EventLoop
  ) async throws(Problem) -> Response {
    switch report {
    case .progress:
      let object = try reported(request, ["current", "total", "message"])
      guard let current = try object.number("current") else {
        throw object.refusal("Give current: how far the job is.")
      }
      let progress = JobProgress(
        current: current, total: try object.number("total"),
        message: try object.text("message").map { cut($0) })
      return try await standing(.progress(try claim(object, id), progress), on: loop)
    case .checkpoint:
      let object = try reported(request, ["data"])
      guard let data = try object.raw("data", bytesMax: limits.jobCheckpointBytesMax) else {
        throw object.refusal("Give data: what is to be found again.")
      }
      return try await standing(.checkpoint(try claim(object, id), data), on: loop)
    case .succeed:
      let object = try reported(request, ["result", "usage"])
      let result = try object.raw("result", bytesMax: limits.jobResultBytesMax)
      let usage = try usage(object)
      return try await state(
        200, .succeed(try claim(object, id), result: result, usage), on: loop)
    case .fail:
      let object = try reported(request, ["error", "retry", "retry_after", "rate_limited"])
      return try await state(200, .fail(try claim(object, id), try failure(object)), on: loop)
    case .release:
      let object = try reported(request, [])
      return try await state(200, .release(try claim(object, id)), on: loop)
    }
  }

  private func reported(
    _ request: JobsRequest, _ members: [String]
  ) throws(Problem) -> RequestObject {
    try RequestObject(request.body, problem: "bad-report", allowed: ["lease"] + members)
  }

  private func claim(_ object: RequestObject, _ id: JobID) throws(Problem) -> LeaseClaim {
    let token = try object.text("lease", "a lease as it was handed out") { LeaseToken($0) }
    guard let token else {
      throw object.refusal("Give the lease that the job was handed out with.")
    }
    return LeaseClaim(job: id, token: token)
  }

  private func failure(_ object: RequestObject) throws(Problem) -> JobFailure {
    guard let error = try object.text("error") else {
      throw object.refusal("Give error: what went wrong, for people.")
    }
    var failure = JobFailure(error: cut(error))
    failure.mayRetry = try object.bool("retry") ?? true
    failure.retryAfter = try object.seconds("retry_after", max: 7 * 86_400)
    failure.isRateLimited = try object.bool("rate_limited") ?? false
    return failure
  }

  private func usage(_ object: RequestObject) throws(Problem) -> JobUsage? {
    guard object.has("usage"), let json = try object.raw("usage", bytesMax: JobUsage.bytesMax)
    else { return nil }
    do {
      return try JobUsage(json)
    } catch {
      throw object.refusal("usage: \(error)")
    }
  }

  /// What people wrote, within its bound.
  private func cut(_ text: String) -> String {
    guard text.utf8.count > limits.jobErrorBytesMax else { return text }
    var end = text.utf8.index(text.startIndex, offsetBy: limits.jobErrorBytesMax - 3)
    // Not within a character.
    while end > text.startIndex, !UTF8.isStart(text.utf8[end]) {
      end = text.utf8.index(before: end)
    }
    return text[..<end] + "…"
  }

  private func standing(
    _ command: JobCommand, on loop: EventLoop
  ) async throws(Problem) -> Response {
    guard case .kept(let standing) = try await ask(command, on: loop) else { throw .strangeReply }
    var writer = JSONWriter()
    writer.beginObject()
    JobJSON.writeDeadline(standing.lease, now: loop.wallMilliseconds(), to: &writer)
    writer.key("cancelled")
    writer.bool(standing.isCancelled)
    writer.endObject()
    return .json(200, writer.bytes)
  }

  private func heartbeat(
    _ request: JobsRequest, _ worker: WorkerName, on loop: EventLoop
  ) async throws(Problem) -> Response {
    let object = try RequestObject(request.body, problem: "bad-heartbeat", allowed: ["leases"])
    let named = try object.objects(
      "leases", each: "lease", allowed: ["id", "lease"], max: limits.jobsPerRequestMax)
    guard let named else { throw object.refusal("Give leases: an array of id and lease.") }
    var claims: [LeaseClaim] = []
    for lease in named {
      guard let id = try lease.text("id", "the id of a job", { JobID($0) }) else {
        throw lease.refusal("Give the id of the job.")
      }
      claims.append(try claim(lease, id))
    }
    let command = JobCommand.heartbeat(worker, claims)
    guard case .renewed(let renewal) = try await ask(command, on: loop) else {
      throw .strangeReply
    }
    var writer = JSONWriter()
    writer.beginObject()
    JobJSON.writeDeadline(renewal.lease, now: loop.wallMilliseconds(), to: &writer)
    for (name, ids) in [("cancel", renewal.cancel), ("lost", renewal.lost)] {
      writer.key(name)
      writer.beginArray()
      for id in ids { writer.string(id.description) }
      writer.endArray()
    }
    writer.endObject()
    return .json(200, writer.bytes)
  }

  private func log(of id: JobID, on loop: EventLoop) async throws(Problem) -> Response {
    guard case .log(let bytes) = try await ask(.readLog(id), on: loop) else { throw .strangeReply }
    return Response(
      status: 200,
      fields: [
        HeaderField("Content-Type", "text/plain; charset=utf-8"),
        HeaderField("Cache-Control", "no-store"), HeaderField("X-Content-Type-Options", "nosniff"),
      ], body: bytes)
  }
}

extension UTF8 {
  /// Whether a character begins with this byte.
  fileprivate static func isStart(_ byte: UInt8) -> Bool { byte & 0xC0 != 0x80 }
}
