import FanfareActors
import FanfareRuntime

/// What operators ask and do.
extension JobsAPI {
  // MARK: Queues

  func queues(_ request: JobsRequest, on loop: EventLoop) async throws(Problem) -> Response {
    switch request.endpoint {
    case .pause(let queue): return try await set(queue, .pause(queue), isPaused: true, on: loop)
    case .resume(let queue): return try await set(queue, .resume(queue), isPaused: false, on: loop)
    default: break
    }
    var wanted: QueueName?
    if case .queue(let queue) = request.endpoint {
      try check(queue)
      wanted = queue
    }
    guard case .queues(let all) = try await ask(.queues, on: loop) else { throw .strangeReply }
    var writer = JSONWriter()
    if let wanted {
      guard let status = all.first(where: { $0.queue == wanted }) else {
        throw .noSuchQueue(wanted, among: node.queues)
      }
      JobJSON.write(status, to: &writer)
      return .json(200, writer.bytes)
    }
    writer.beginObject()
    writer.key("queues")
    writer.beginArray()
    for status in all { JobJSON.write(status, to: &writer) }
    writer.endArray()
    writer.endObject()
    return .json(200, writer.bytes)
  }

  private func set(
    _ queue: QueueName, _ command: JobCommand, isPaused: Bool, on loop: EventLoop
  ) async throws(Problem) -> Response {
    try check(queue)
    _ = try await ask(command, on: loop)
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("paused")
    writer.bool(isPaused)
    writer.endObject()
    return .json(200, writer.bytes)
  }

  // MARK: Dead letters

  func dead(_ request: JobsRequest, on loop: EventLoop) async throws(Problem) -> Response {
    switch (request.endpoint, request.method) {
    case (.redrive(let queue), .post): return try await redrive(request, queue, on: loop)
    case (.redrive(let queue), _):
      try check(queue)
      return try await count(200, "left", .stopRedrive(queue), on: loop)
    case (.dead(let queue), let method):
      try check(queue)
      let query = try Query(request.target)
      var filter = try filter(query)
      filter.queue = queue
      filter.state = "dead"
      guard method == .delete else {
        return try await page(filter, query, cursor: "after", on: loop)
      }
      return try await count(200, "deleted", .purge(queue, filter), on: loop)
    default: throw .strangeReply
    }
  }

  /// Retries dead jobs, at a pace where one is given.
  private func redrive(
    _ request: JobsRequest, _ queue: QueueName, on loop: EventLoop
  ) async throws(Problem) -> Response {
    try check(queue)
    let object = try RequestObject(
      optional: request.body, problem: "bad-retry", allowed: ["rate", "filter"])
    let form = SettingForm<RateBudget.Rate>.rate
    let rate = try object.text("rate", form.allowed) { try? form.read(.one($0)) }
    var filter = JobFilter()
    if let named = try object.object("filter", allowed: ["task", "error", "workflow", "ids"]) {
      filter.task = try named.text("task", TaskName.rule) { TaskName($0) }
      filter.errorText = try named.text("error")
      filter.workflow = try named.text("workflow", "the id of a workflow") { WorkflowID($0) }
      if let texts = try named.strings("ids") {
        let ids = texts.compactMap { JobID($0) }
        guard ids.count == texts.count, (1...limits.jobsPerRequestMax).contains(ids.count) else {
          throw named.refusal("Give 1 to \(limits.jobsPerRequestMax) ids of jobs.")
        }
        filter.ids = ids
      }
    }
    filter.queue = queue
    filter.state = "dead"
    let perSecond = rate.map { Double($0.amount) / $0.period.inSeconds }
    return try await count(202, "jobs", .redrive(queue, filter, perSecond: perSecond), on: loop)
  }

  /// Does what is answered by a count.
  private func count(
    _ status: Int, _ name: String, _ command: JobCommand, on loop: EventLoop
  ) async throws(Problem) -> Response {
    guard case .done(let count) = try await ask(command, on: loop) else { throw .strangeReply }
    var writer = JSONWriter()
    writer.beginObject()
    writer.member(name, count)
    writer.endObject()
    return .json(status, writer.bytes)
  }
}
