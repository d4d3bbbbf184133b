import FanfareActors
import FanfareRuntime

/// The JSON texts about jobs (CONTRACT section 10).
enum JobJSON {
  /// A job, or what is wanted of it.
  static func write(
    _ job: Job, waitingFor: String?, _ fields: [JobField] = JobField.allCases,
    to writer: inout JSONWriter
  ) {
    writer.beginObject()
    for field in fields { write(field, of: job, waitingFor, to: &writer) }
    writer.endObject()
  }

  private static func write(
    _ field: JobField, of job: Job, _ waitingFor: String?, to writer: inout JSONWriter
  ) {
    let name = field.rawValue
    switch field {
    case .id: writer.member(name, job.id.description)
    case .queue: writer.member(name, job.queue.text)
    case .task: writer.member(name, job.task.text)
    case .args: writer.member(name, raw: job.arguments)
    case .state: writer.member(name, job.state.word)
    case .reason:
      if case .dead(let reason) = job.state { writer.member(name, reason.rawValue) }
    case .attempt: writer.member(name, job.attempt)
    case .attempts: writer.member(name, job.attemptsMax)
    case .failures: writer.member(name, job.failures)
    case .crashes: writer.member(name, job.crashes)
    case .releases: writer.member(name, job.releases)
    case .progress:
      writer.key(name)
      write(job.progress, to: &writer)
    case .checkpoint: writer.member(name, raw: job.checkpoint)
    case .input: writer.member(name, raw: job.input)
    case .result: writer.member(name, raw: job.result)
    case .usage: writer.member(name, raw: job.usage?.json)
    case .error: writer.member(name, text: job.errors.last?.text)
    case .errors:
      writer.key(name)
      write(job.errors, to: &writer)
    case .channel: writer.member(name, text: job.channel?.text)
    case .workflow:
      writer.key(name)
      write(job.workflow, to: &writer)
    case .priority: writer.member(name, job.priority)
    case .key: writer.member(name, text: job.key)
    case .rateKey: writer.member(name, text: job.rateKey?.text)
    case .cost: writer.member(name, job.cost)
    case .timeout: writer.member(name, seconds: job.timeout)
    case .worker: writer.member(name, text: job.worker?.text)
    case .cancelRequested:
      writer.key(name)
      writer.bool(job.isCancelRequested)
    case .created: writer.member(name, time: job.created)
    case .started: writer.member(name, time: job.started)
    case .finished: writer.member(name, time: job.finished)
    case .nextAt: writer.member(name, time: job.nextAt)
    case .waitingFor: writer.member(name, text: waitingFor)
    }
  }

  private static func write(_ errors: [JobError], to writer: inout JSONWriter) {
    writer.beginArray()
    for error in errors {
      writer.beginObject()
      writer.member("attempt", error.attempt)
      writer.member("time", time: error.time)
      writer.member("error", error.text)
      writer.endObject()
    }
    writer.endArray()
  }

  private static func write(_ step: WorkflowStep?, to writer: inout JSONWriter) {
    guard let step else { return writer.null() }
    writer.beginObject()
    writer.member("id", step.workflow.description)
    writer.member("step", step.index + 1)
    writer.endObject()
  }

  /// `{"current","total","message"}`.
  static func write(_ progress: JobProgress?, to writer: inout JSONWriter) {
    guard let progress else { return writer.null() }
    writer.beginObject()
    writeMembers(progress, to: &writer)
    writer.endObject()
  }

  /// `"current","total","message"`.
  static func writeMembers(_ progress: JobProgress, to writer: inout JSONWriter) {
    writer.key("current")
    writer.number(progress.current)
    writer.key("total")
    if let total = progress.total { writer.number(total) } else { writer.null() }
    writer.member("message", text: progress.message)
  }

  /// `{"tokens","cost","duration"}`.
  static func write(_ usage: Workflow.Totals, to writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("tokens", usage.tokens)
    writer.key("cost")
    writer.number(usage.cost)
    writer.key("duration")
    writer.number(usage.duration)
    writer.endObject()
  }

  /// A job in the hands of a worker.
  static func write(_ leased: LeasedJob, now: Int64, to writer: inout JSONWriter) {
    let job = leased.job
    writer.beginObject()
    writer.member("id", job.id.description)
    writer.member("task", job.task.text)
    writer.member("args", raw: job.arguments)
    if let input = job.input { writer.member("input", raw: input) }
    if let checkpoint = job.checkpoint { writer.member("checkpoint", raw: checkpoint) }
    writer.member("attempt", job.attempt)
    writer.member("attempts", job.attemptsMax)
    writer.member("lease", leased.token.description)
    writeDeadline(leased.lease, now: now, to: &writer)
    if let timeout = job.timeout { writer.member("timeout", seconds: timeout) }
    if let channel = job.channel { writer.member("channel", channel.text) }
    writer.endObject()
  }

  /// `"deadline","lease_seconds"`: until when the worker has to be heard of again, by the server's
  /// clock, and how long that is, for those whose clock is another.
  static func writeDeadline(_ lease: Duration, now: Int64, to writer: inout JSONWriter) {
    writer.member("deadline", time: now + lease.milliseconds)
    writer.member("lease_seconds", seconds: lease)
  }

  /// How a queue stands.
  static func write(_ status: QueueStatus, to writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("queue", status.queue.text)
    writer.key("paused")
    writer.bool(status.isPaused)
    writer.key("counts")
    writer.beginObject()
    for word in JobState.words { writer.member(word, status.counts[word] ?? 0) }
    writer.endObject()
    writer.member("oldest_seconds", seconds: status.oldest)
    writer.key("limits")
    writer.beginObject()
    writer.member("prefetch", status.settings.prefetch)
    writer.member("concurrency", status.settings.concurrency)
    writer.member("lease_seconds", seconds: status.settings.lease)
    writer.member("attempts", status.settings.attempts)
    writer.key("max_running")
    if let most = status.settings.runningMax { writer.int(most) } else { writer.null() }
    writer.endObject()
    writer.key("workers")
    writer.beginArray()
    for (worker, leases) in status.workers {
      writer.beginObject()
      writer.member("worker", worker.text)
      writer.member("leases", leases)
      writer.endObject()
    }
    writer.endArray()
    writer.member("retrying_dead", status.redriving)
    writer.endObject()
  }
}

extension JSONWriter {
  mutating func member(_ key: String, raw value: [UInt8]?) {
    self.key(key)
    if let value { raw(value) } else { null() }
  }

  mutating func member(_ key: String, text value: String?) {
    self.key(key)
    if let value { string(value) } else { null() }
  }

  /// - Parameter value: milliseconds since 1970.
  mutating func member(_ key: String, time value: Int64?) {
    self.key(key)
    guard let value else { return null() }
    var text: [UInt8] = []
    text.reserveCapacity(26)
    text.append(UInt8(ascii: "\""))
    Timestamp.append(milliseconds: value, to: &text)
    text.append(UInt8(ascii: "\""))
    raw(text)
  }

  mutating func member(_ key: String, seconds value: Duration?) {
    self.key(key)
    if let value { number(Double(value.milliseconds) / 1_000) } else { null() }
  }

  /// A finite number; a whole one without a fraction.
  mutating func number(_ value: Double) {
    if let whole = Int(exactly: value) { return int(whole) }
    raw(value.isFinite ? Array("\(value)".utf8) : Array("null".utf8))
  }
}
