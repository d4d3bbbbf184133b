import FanfareActors
import FanfareRuntime

/// Jobs that are done one after another.
extension JobsAPI {
  func workflow(_ request: JobsRequest, on loop: EventLoop) async throws(Problem) -> Response {
    switch (request.endpoint, request.method) {
    case (.workflow(let id), .delete): return try await state(202, .cancelWorkflow(id), on: loop)
    case (.workflow(let id), _): return try await show(id, on: loop)
    default: return try await start(request, on: loop)
    }
  }

  private func start(_ request: JobsRequest, on loop: EventLoop) async throws(Problem) -> Response {
    let object = try RequestObject(
      request.body, problem: "bad-workflow", allowed: ["steps", "channel"])
    let channel = try object.text("channel", ChannelName.rule) { ChannelName($0) }
    if let channel, ChannelName.reservedNamespaces.contains(String(channel.namespace)) {
      throw .reserved(channel)
    }
    let steps = try object.objects(
      "steps", each: "step", allowed: JobDraft.stepMemberNames, max: limits.workflowStepsMax)
    guard let steps, !steps.isEmpty else {
      throw object.refusal("Give steps: an array of at least one job.")
    }
    var drafts: [JobDraft] = []
    for step in steps {
      guard let queue = try step.text("queue", QueueName.rule, { QueueName($0) }) else {
        throw step.refusal("Give the step a queue.")
      }
      guard node.pool(for: queue) != nil else {
        throw step.refusal(Problem.noSuchQueue(queue, among: node.queues).detail)
      }
      var draft = try JobDraft(step, in: queue, limits)
      draft.channel = draft.channel ?? channel
      drafts.append(draft)
    }
    let key = request.key.map { name in
      // No queue has an empty name: its keys are others.
      JobRequestKey(name: "/\(name)", fingerprint: StableHash.of(request.body))
    }
    guard case .workflow(let workflow) = try await ask(.startWorkflow(drafts, key), on: loop)
    else { throw .strangeReply }
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("id", workflow.id.description)
    writer.member("state", workflow.state.rawValue)
    writer.key("jobs")
    writer.beginArray()
    for job in workflow.jobs { writer.string(job.description) }
    writer.endArray()
    writer.endObject()
    return .json(201, writer.bytes)
  }

  private func show(_ id: WorkflowID, on loop: EventLoop) async throws(Problem) -> Response {
    guard case .workflow(let workflow) = try await ask(.workflow(id), on: loop) else {
      throw .strangeReply
    }
    guard case .steps(let steps) = try await ask(.steps(id), on: loop) else { throw .strangeReply }
    let byID = Dictionary(steps.map { ($0.job, $0) }, uniquingKeysWith: { first, _ in first })
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("id", id.description)
    writer.member("state", workflow.state.rawValue)
    writer.member("current_step", min(workflow.stepsDone + 1, workflow.jobs.count))
    writer.member("total_steps", workflow.jobs.count)
    writer.member("message", workflow.message)
    writer.key("steps")
    writer.beginArray()
    for (job, task) in zip(workflow.jobs, workflow.tasks) {
      writer.beginObject()
      writer.member("job", job.description)
      writer.member("task", task.text)
      writer.member("queue", text: byID[job]?.queue.text)
      writer.member("state", text: byID[job]?.state.word)
      writer.endObject()
    }
    writer.endArray()
    writer.key("usage")
    JobJSON.write(workflow.usage, to: &writer)
    writer.member("created", time: workflow.created)
    writer.member("finished", time: workflow.finished)
    writer.endObject()
    return .json(200, writer.bytes)
  }
}
