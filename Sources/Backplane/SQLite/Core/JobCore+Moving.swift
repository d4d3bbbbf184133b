import FanfareActors
import FanfareRuntime

/// Writing down what moves have brought.
extension JobCore {
  func queueSettings(_ queue: QueueName) -> QueueSettings {
    settings.queues[queue] ?? QueueSettings()
  }

  /// Writes a move with its events, and keeps the books.
  ///
  /// - Parameter ended: how a worker ended the attempt, where one did.
  @discardableResult
  func apply(
    _ move: JobMove, to record: JobRecord, ended: AttemptEnd? = nil, usage: JobUsage? = nil
  ) throws -> JobRecord {
    let next = try applyAlone(move, to: record, ended: ended)
    try moveWorkflow(move, next, usage)
    return next
  }

  /// As ``apply(_:to:ended:usage:)``, for a step whose workflow is being moved.
  @discardableResult
  func applyAlone(
    _ move: JobMove, to record: JobRecord, ended: AttemptEnd? = nil
  ) throws -> JobRecord {
    var next = record
    next.job = move.job
    next.changed = group.now
    next.ended = ended ?? record.ended
    if move.from == .running { next.isConfirmed = false }
    for kind in move.events { try tell(kind, of: &next) }
    try write(next, after: record)
    keepBooks(move, record)
    return next
  }

  private func write(_ record: JobRecord, after before: JobRecord) throws {
    let job = record.job
    guard job.state != .running else { return try file.updateLeased(record) }
    try file.update(record)
    if job.errors != before.job.errors { try file.insertError(of: job) }
    if job.input != before.job.input { try file.updateInput(job) }
    if job.arguments != before.job.arguments { try file.updateArguments(job) }
  }

  private func keepBooks(_ move: JobMove, _ before: JobRecord) {
    let job = move.job
    books.tallies.change(LaneName(job), from: move.from, to: job.state)
    if move.from == .queued { books.lanes.remove(job) }
    if job.state == .queued {
      books.lanes.insert(job)
      group.tellReady(job.queue)
    }
    if move.from == .running {
      books.leases.set(job.id, nil)
      if books.tallies.count(job.queue, .queued) > 0 { group.tellReady(job.queue) }
    }
    if let time = job.nextAt { books.notes.nextDue = min(books.notes.nextDue ?? time, time) }
    if let time = job.finished { noteRemoval(at: time.later(by: settings.retention)) }
    group.news.transitions.append(
      JobTransition(
        job: job.id, queue: job.queue, task: job.task, from: move.from, to: job.state,
        cause: move.cause, attempt: job.attempt, worker: before.job.worker ?? job.worker,
        lasted: .milliseconds(max(0, group.now - before.changed)), rateKey: job.rateKey))
  }

  // MARK: Events

  /// Writes an event of a job, which is as it will be stored, and what is to be published of it.
  func tell(_ kind: JobEventKind, of record: inout JobRecord) throws {
    let job = record.job
    record.events += 1
    let event = JobEvent(
      job: job.id, sequence: record.events, kind: kind, time: group.now,
      data: settings.events.data(of: kind, job))
    try file.insert(event)
    group.news.events.append(event)
    guard let channel = job.channel,
      let type = job.eventTypes[kind] ?? kind.eventType
    else { return }
    try publish(
      event.data, as: type, to: channel, key: "job:\(job.id):\(event.sequence)")
  }

  func publish(
    _ data: [UInt8], as type: EventType, to channel: ChannelName, key: String
  ) throws {
    books.notes.outbox += 1
    try file.insert(
      OutboxEntry(
        number: books.notes.outbox, channel: channel, type: type, data: data, key: key))
    group.news.hasOutbox = true
  }

  /// `record` once it has told the progress that waited, where one did. To be written by the
  /// caller.
  func telling(_ progress: JobProgress?, of record: JobRecord) throws -> JobRecord {
    guard let progress else { return record }
    var record = record
    record.job.progress = progress
    books.leases.told(record.job.id, at: group.instant)
    try tell(.progress, of: &record)
    return record
  }

  /// Writes the progress that waits. Returns the lease without it.
  func telling(_ lease: Lease, of record: JobRecord) throws -> Lease {
    var record = try telling(lease.progress, of: record)
    var lease = lease
    lease.progress = nil
    lease.progressDue = nil
    lease.isConfirmed = true
    record.isConfirmed = true
    try file.updateSaid(record)
    return lease
  }
}
