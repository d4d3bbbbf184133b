import FanfareActors

/// A job with what only the store needs to know of it.
struct JobRecord: Equatable {
  var job: Job
  /// Since when it is in its state.
  var changed: Int64
  /// The sequence of its newest event.
  var events: Int64 = 0
  /// Whether the worker that has it has been heard of.
  var isConfirmed = false
  /// How its last attempt was ended, where a worker ended it.
  var ended: AttemptEnd?

  /// What was just made.
  init(_ job: Job) {
    self.job = job
    changed = job.created
  }

  private static let shortColumns = """
    id, queue, task, state, reason, priority, attempts_max, failures, crashes, releases, leases,
    is_confirmed, is_cancel_requested, worker, timeout, unique_key, unique_until, rate_key, cost,
    channel, event_types, workflow, step, created, changed, started, finished, next_at, events,
    ended_token, ended_call, ended_state, progress, progress_total, progress_message,
    tokens, spent, duration, error
    """
  static let columns = "\(shortColumns), arguments, input, checkpoint, result, usage"
  /// ``columns``, without what may be long.
  static let briefColumns = "\(shortColumns), '', NULL, NULL, NULL, NULL"

  /// Reads ``columns``. The errors are elsewhere; ``JobFile/job(_:)`` adds them.
  init(_ row: inout JobRow) throws {
    let id = try JobRecord.id(row.integer())
    let queue = try row.name { QueueName($0) }
    let task = try row.name { TaskName($0) }
    let state = try JobRecord.state(row.text(), row.text())
    job = Job(
      id: id, queue: queue, task: task, arguments: [], state: state, priority: row.number(),
      attemptsMax: row.number(), created: 0)
    job.failures = row.number()
    job.crashes = row.number()
    job.releases = row.number()
    job.leases = row.integer() ?? 0
    isConfirmed = row.flag()
    job.isCancelRequested = row.flag()
    job.worker = try row.optional { WorkerName($0) }
    job.timeout = row.integer().map { .milliseconds($0) }
    job.key = row.text()
    job.uniqueUntil = row.integer()
    job.rateKey = try row.optional { RateKey($0) }
    job.cost = row.number()
    job.channel = try row.optional { ChannelName($0) }
    job.eventTypes = JobRecord.eventTypes(row.text())
    let workflow = row.integer().flatMap { WorkflowID($0) }
    let step = row.number()
    job.workflow = workflow.map { WorkflowStep(workflow: $0, index: step) }
    job.created = row.integer() ?? 0
    changed = row.integer() ?? 0
    job.started = row.integer()
    job.finished = row.integer()
    job.nextAt = row.integer()
    events = row.integer() ?? 0
    ended = try JobRecord.end(row.integer(), row.text(), row.text())
    try readTexts(&row)
  }

  private mutating func readTexts(_ row: inout JobRow) throws {
    let current = row.real()
    let total = row.real()
    let message = row.text()
    job.progress = current.map { JobProgress(current: $0, total: total, message: message) }
    let tokens = row.integer().map { Int($0) }
    let spent = row.real()
    let duration = row.real()
    // Its errors are read where there is one.
    if row.text() != nil { job.errors = [JobError(attempt: 0, time: 0, text: "")] }
    job.arguments = row.bytes() ?? []
    job.input = row.bytes()
    job.checkpoint = row.bytes()
    job.result = row.bytes()
    job.usage = row.bytes().map {
      JobUsage(tokens: tokens, cost: spent, duration: duration, json: $0)
    }
  }

  // MARK: Words of the file

  static func id(_ number: Int64?) throws -> JobID {
    guard let id = JobID(number ?? 0) else { throw JobFileFault.strange("id") }
    return id
  }

  /// `dead` with its reason, or a word.
  static func state(_ word: String?, _ reason: String?) throws -> JobState {
    switch word ?? "" {
    case "scheduled": return .scheduled
    case "waiting": return .waiting
    case "queued": return .queued
    case "running": return .running
    case "retrying": return .retrying
    case "succeeded": return .succeeded
    case "cancelled": return .cancelled
    case "dead":
      guard let reason = DeathReason(rawValue: reason ?? "") else {
        throw JobFileFault.strange("a death without its reason")
      }
      return .dead(reason)
    default: throw JobFileFault.strange("state \(word ?? "")")
    }
  }

  private static func end(
    _ token: Int64?, _ call: String?, _ state: String?
  ) throws -> AttemptEnd? {
    guard let token = token.flatMap({ LeaseToken($0) }), let call, let state else { return nil }
    guard let call = AttemptCall(rawValue: call) else { throw JobFileFault.strange(call) }
    return AttemptEnd(token: token, call: call, state: try self.state(state))
  }

  /// As ``JobState/text`` says it.
  static func state(_ text: String) throws -> JobState {
    let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
    return try state(parts.first, parts.dropFirst().first)
  }

  /// `{"progress":"agent_progress"}`: neither a kind nor a type has what JSON would escape.
  static func eventTypes(_ text: String?) -> [JobEventKind: EventType] {
    guard let text else { return [:] }
    let parts = text.split(separator: "\"").enumerated().filter { $0.offset % 2 == 1 }
    var types: [JobEventKind: EventType] = [:]
    for index in stride(from: 0, to: parts.count - 1, by: 2) {
      guard let kind = JobEventKind(rawValue: String(parts[index].element)) else { continue }
      types[kind] = EventType(parts[index + 1].element)
    }
    return types
  }

  static func text(_ types: [JobEventKind: EventType]) -> String? {
    guard !types.isEmpty else { return nil }
    let members = JobEventKind.allCases.compactMap { kind in
      types[kind].map { "\"\(kind.rawValue)\":\"\($0.text)\"" }
    }
    return "{\(members.joined(separator: ","))}"
  }
}

extension JobState {
  /// One word, with the reason: `dead:failed`.
  var text: String {
    guard case .dead(let reason) = self else { return word }
    return "dead:\(reason.rawValue)"
  }

  var reason: String? {
    guard case .dead(let reason) = self else { return nil }
    return reason.rawValue
  }
}
