import FanfareActors
import FanfareRuntime

/// The table of jobs.
extension JobFile {
  private static let select = JobSQL("SELECT \(JobRecord.columns) FROM job WHERE id = ?")

  func job(_ id: JobID) throws -> JobRecord? {
    if let record = leased[id] { return record }
    let record = try one(Self.select, [.integer(id.number)]) { try JobRecord(&$0) }
    return try record.map(withErrors)
  }

  private static let selectBrief = JobSQL(
    "SELECT \(JobRecord.briefColumns) FROM job WHERE id = ?")

  /// A job without its arguments, input, checkpoint, result and usage, which are not read.
  func brief(_ id: JobID) throws -> JobRecord? {
    let record = try one(Self.selectBrief, [.integer(id.number)]) { try JobRecord(&$0) }
    return try record.map(withErrors)
  }

  /// Jobs of a query that selects their columns, with their errors.
  func jobs(_ sql: String, _ values: [JobValue]) throws -> [JobRecord] {
    var records: [JobRecord] = []
    try each(sql, values) { row in
      records.append(try JobRecord(&row))
      return true
    }
    return try records.map(withErrors)
  }

  private func withErrors(_ record: JobRecord) throws -> JobRecord {
    guard !record.job.errors.isEmpty else { return record }
    var record = record
    record.job.errors = []
    try each(
      "SELECT attempt, time, text FROM error WHERE job = ? ORDER BY token",
      [.integer(record.job.id.number)]
    ) { row in
      record.job.errors.append(
        JobError(attempt: row.number(), time: row.integer() ?? 0, text: row.text() ?? ""))
      return true
    }
    return record
  }

  private static let insert = JobSQL(
    """
    INSERT INTO job (id, queue, task, state, priority, attempts_max, timeout, unique_key,
      unique_until, rate_key, cost, channel, event_types, workflow, step, created, changed,
      next_at, events, arguments)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    """)

  func insert(_ record: JobRecord) throws {
    let job = record.job
    try run(
      Self.insert,
      [
        .integer(job.id.number), .text(job.queue.text), .text(job.task.text),
        .text(job.state.word), .number(job.priority), .number(job.attemptsMax),
        .integer(job.timeout?.milliseconds), .text(job.key), .integer(job.uniqueUntil),
        .text(job.rateKey?.text), .number(job.cost), .text(job.channel?.text),
        .text(JobRecord.text(job.eventTypes)), .integer(job.workflow?.workflow.number),
        .number(job.workflow?.index), .integer(job.created), .integer(record.changed),
        .integer(job.nextAt), .integer(record.events), .json(job.arguments),
      ])
  }

  private static let updateLeased = JobSQL(
    """
    UPDATE job SET state = ?, leases = ?, is_confirmed = 0, worker = ?, started = ?, changed = ?,
      events = ? WHERE id = ?
    """)

  /// Writes what a lease changes.
  func updateLeased(_ record: JobRecord) throws {
    let job = record.job
    try run(
      Self.updateLeased,
      [
        .text(job.state.word), .integer(job.leases), .text(job.worker?.text),
        .integer(job.started), .integer(record.changed), .integer(record.events),
        .integer(job.id.number),
      ])
    var record = record
    record.isConfirmed = false
    leased.keep(record)
  }

  private static let update = JobSQL(
    """
    UPDATE job SET state = ?, reason = ?, failures = ?, crashes = ?, releases = ?,
      is_confirmed = ?, is_cancel_requested = ?, worker = ?, changed = ?, finished = ?,
      next_at = ?, events = ?, ended_token = ?, ended_call = ?, ended_state = ?, progress = ?,
      progress_total = ?, progress_message = ?, tokens = ?, spent = ?, duration = ?, error = ?,
      result = ?, usage = ? WHERE id = ?
    """)

  /// Writes what the end of an attempt, and any other change of state, may change.
  func update(_ record: JobRecord) throws {
    leased.forget(record.job.id)
    let job = record.job
    try run(
      Self.update,
      [
        .text(job.state.word), .text(job.state.reason), .number(job.failures),
        .number(job.crashes), .number(job.releases), .flag(record.isConfirmed),
        .flag(job.isCancelRequested), .text(job.worker?.text), .integer(record.changed),
        .integer(job.finished), .integer(job.nextAt), .integer(record.events),
        .integer(record.ended?.token.number), .text(record.ended?.call.rawValue),
        .text(record.ended?.state.text), .real(job.progress?.current), .real(job.progress?.total),
        .text(job.progress?.message), .number(job.usage?.tokens), .real(job.usage?.cost),
        .real(job.usage?.duration), .text(job.errors.last?.text), .json(job.result),
        .json(job.usage?.json), .integer(job.id.number),
      ])
  }

  /// Writes what a running job's worker says without ending the attempt.
  func updateSaid(_ record: JobRecord) throws {
    leased.forget(record.job.id)
    let job = record.job
    try run(
      """
      UPDATE job SET is_confirmed = ?, events = ?, progress = ?, progress_total = ?,
        progress_message = ? WHERE id = ?
      """,
      [
        .flag(record.isConfirmed), .integer(record.events), .real(job.progress?.current),
        .real(job.progress?.total), .text(job.progress?.message), .integer(job.id.number),
      ])
  }

  func updateConfirmed(_ job: JobID) throws {
    leased.forget(job)
    try run("UPDATE job SET is_confirmed = 1 WHERE id = ?", [.integer(job.number)])
  }

  func updateCancelRequested(_ job: JobID) throws {
    leased.forget(job)
    try run("UPDATE job SET is_cancel_requested = 1 WHERE id = ?", [.integer(job.number)])
  }

  func updateArguments(_ job: Job) throws {
    leased.forget(job.id)
    try run(
      "UPDATE job SET arguments = ? WHERE id = ?",
      [.json(job.arguments), .integer(job.id.number)])
  }

  func updateInput(_ job: Job) throws {
    leased.forget(job.id)
    try run(
      "UPDATE job SET input = ? WHERE id = ?", [.json(job.input), .integer(job.id.number)])
  }

  func updateCheckpoint(_ job: Job) throws {
    leased.forget(job.id)
    try run(
      "UPDATE job SET checkpoint = ? WHERE id = ?",
      [.json(job.checkpoint), .integer(job.id.number)])
  }

  /// Keeps the newest error of a job, under its newest lease, and drops those before the oldest it
  /// still has.
  func insertError(of job: Job) throws {
    guard let error = job.errors.last else { return }
    leased.forget(job.id)
    try run(
      "INSERT OR REPLACE INTO error (job, token, attempt, time, text) VALUES (?, ?, ?, ?, ?)",
      [
        .integer(job.id.number), .integer(job.leases), .number(error.attempt),
        .integer(error.time), .text(error.text),
      ])
    guard job.errors.count == JobError.countMax else { return }
    try run(
      """
      DELETE FROM error WHERE job = ?1 AND token < (SELECT token FROM error WHERE job = ?1
        ORDER BY token DESC LIMIT 1 OFFSET \(JobError.countMax - 1))
      """, [.integer(job.id.number)])
  }

  /// Deletes a job with all that is its own.
  func delete(_ job: JobID) throws {
    leased.forget(job)
    let id = [JobValue.integer(job.number)]
    try run("DELETE FROM job WHERE id = ?", id)
    try run("DELETE FROM event WHERE job = ?", id)
    try run("DELETE FROM error WHERE job = ?", id)
    try run("DELETE FROM log WHERE job = ?", id)
  }
}
