import FanfareActors
import FanfareRuntime

/// The JSON texts about jobs (CONTRACT section 10).
enum JobJSON {
  /// All of a job.
  static func write(_ job: Job, waitingFor: String?, to writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("id", job.id.description)
    writer.member("queue", job.queue.text)
    writer.member("task", job.task.text)
    writer.member("args", raw: job.arguments)
    writer.member("state", job.state.word)
    if case .dead(let reason) = job.state { writer.member("reason", reason.rawValue) }
    writer.member("attempt", job.attempt)
    writer.member("attempts", job.attemptsMax)
    writer.member("failures", job.failures)
    writer.member("crashes", job.crashes)
    writer.member("releases", job.releases)
    writer.key("progress")
    write(job.progress, to: &writer)
    writer.member("checkpoint", raw: job.checkpoint)
    writer.member("input", raw: job.input)
    writer.member("result", raw: job.result)
    writer.member("usage", raw: job.usage?.json)
    writer.member("error", text: job.errors.last?.text)
    writer.key("errors")
    writer.beginArray()
    for error in job.errors {
      writer.beginObject()
      writer.member("attempt", error.attempt)
      writer.member("time", time: error.time)
      writer.member("error", error.text)
      writer.endObject()
    }
    writer.endArray()
    writeRest(job, waitingFor: waitingFor, to: &writer)
    writer.endObject()
  }

  private static func writeRest(
    _ job: Job, waitingFor: String?, to writer: inout JSONWriter
  ) {
    writer.member("channel", text: job.channel?.text)
    writer.key("workflow")
    if let step = job.workflow {
      writer.beginObject()
      writer.member("id", step.workflow.description)
      writer.member("step", step.index + 1)
      writer.endObject()
    } else {
      writer.null()
    }
    writer.member("priority", job.priority)
    writer.member("key", text: job.key)
    writer.member("rate_key", text: job.rateKey?.text)
    writer.member("cost", job.cost)
    writer.member("timeout", seconds: job.timeout)
    writer.member("worker", text: job.worker?.text)
    writer.key("cancel_requested")
    writer.bool(job.isCancelRequested)
    writer.member("created", time: job.created)
    writer.member("started", time: job.started)
    writer.member("finished", time: job.finished)
    writer.member("next_at", time: job.nextAt)
    writer.member("waiting_for", text: waitingFor)
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
