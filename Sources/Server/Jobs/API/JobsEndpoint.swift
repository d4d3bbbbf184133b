import FanfareActors

/// What a path about jobs names (CONTRACT section 10).
enum JobsEndpoint: Sendable, Equatable {
  /// What a worker writes under its lease.
  enum Report: String, Sendable {
    case progress, checkpoint, succeed, fail, release
  }

  case jobs
  case job(JobID)
  case jobEvents(JobID)
  case jobLog(JobID)
  case retry(JobID)
  case report(JobID, Report)
  case queues
  case queue(QueueName)
  case enqueue(QueueName)
  case pause(QueueName)
  case resume(QueueName)
  case lease(QueueName)
  case dead(QueueName)
  case redrive(QueueName)
  case heartbeat(WorkerName)
  case workflows
  case workflow(WorkflowID)

  /// The endpoint at a path; `nil` where it is none about jobs.
  ///
  /// - Throws: 404 where nothing can be called so.
  init?(_ parts: [String]) throws(Problem) {
    switch (parts.first, parts.count) {
    case ("jobs", 1): self = .jobs
    case ("jobs", 2): self = .job(try Self.job(parts[1]))
    case ("jobs", 3):
      guard let endpoint = Self.below(try Self.job(parts[1]), parts[2]) else { return nil }
      self = endpoint
    case ("queues", 1): self = .queues
    case ("queues", 2): self = .queue(try Self.queue(parts[1]))
    case ("queues", 3):
      guard let endpoint = Self.below(try Self.queue(parts[1]), parts[2]) else { return nil }
      self = endpoint
    case ("queues", 4) where parts[2] == "dead" && parts[3] == "retry":
      self = .redrive(try Self.queue(parts[1]))
    case ("workers", 3) where parts[2] == "heartbeat":
      guard let worker = WorkerName(parts[1]) else {
        throw Problem(400, "bad-worker", "Mend the worker's name: \(WorkerName.rule).")
      }
      self = .heartbeat(worker)
    case ("workflows", 1): self = .workflows
    case ("workflows", 2):
      guard let workflow = WorkflowID(parts[1]) else { throw .noSuchWorkflow }
      self = .workflow(workflow)
    default: return nil
    }
  }

  private static func below(_ job: JobID, _ name: String) -> JobsEndpoint? {
    switch name {
    case "events": .jobEvents(job)
    case "log": .jobLog(job)
    case "retry": .retry(job)
    default: Report(rawValue: name).map { .report(job, $0) }
    }
  }

  private static func below(_ queue: QueueName, _ name: String) -> JobsEndpoint? {
    switch name {
    case "jobs": .enqueue(queue)
    case "pause": .pause(queue)
    case "resume": .resume(queue)
    case "lease": .lease(queue)
    case "dead": .dead(queue)
    default: nil
    }
  }

  private static func job(_ text: String) throws(Problem) -> JobID {
    guard let job = JobID(text) else { throw .noSuchJob }
    return job
  }

  private static func queue(_ text: String) throws(Problem) -> QueueName {
    guard let queue = QueueName(text) else {
      throw Problem(404, "no-such-queue", "A queue's name is \(QueueName.rule).")
    }
    return queue
  }

  var allowedMethods: [HTTPMethod] {
    switch self {
    case .jobs, .jobEvents, .queues, .queue: [.get, .head, .options]
    case .job, .workflow, .dead: [.get, .head, .delete, .options]
    case .jobLog: [.get, .head, .post, .options]
    case .redrive: [.post, .delete, .options]
    case .retry, .report, .enqueue, .pause, .resume, .lease, .heartbeat, .workflows:
      [.post, .options]
    }
  }

  /// Whether a POST to it may come without a body.
  var bodyIsOptional: Bool {
    switch self {
    case .retry, .pause, .resume, .redrive: true
    case .jobs, .job, .jobEvents, .jobLog, .report, .queues, .queue, .enqueue, .lease, .dead,
      .heartbeat, .workflows, .workflow:
      false
    }
  }

  /// Whether a repeated request with the same `Idempotency-Key` is harmless by that.
  var takesKey: Bool {
    switch self {
    case .enqueue, .workflows: true
    case .jobs, .job, .jobEvents, .jobLog, .retry, .report, .queues, .queue, .pause, .resume,
      .lease, .dead, .redrive, .heartbeat, .workflow:
      false
    }
  }
}
