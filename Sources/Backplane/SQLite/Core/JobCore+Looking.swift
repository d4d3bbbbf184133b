import FanfareActors
import FanfareRuntime

/// Answers that change nothing.
extension JobCore {
  /// The bytes of one page of events, but for its first.
  private static let eventBytesMax = 1_024 * 1_024

  /// A job as it is, with the progress that waits to be told.
  func current(_ record: JobRecord) -> Job {
    var job = record.job
    if let progress = books.leases[job.id]?.progress { job.progress = progress }
    return job
  }

  func look(_ id: JobID) throws -> JobReply {
    guard let record = try file.job(id) else { throw JobRefusal.noSuchJob }
    return .job(current(record), waitingFor: try wait(of: record)?.sentence)
  }

  func events(_ id: JobID, after sequence: Int64, max: Int) throws -> JobReply {
    guard let record = try file.job(id) else { throw JobRefusal.noSuchJob }
    let events = try file.events(
      of: id, after: sequence, max: max, bytesMax: Self.eventBytesMax)
    return .events(
      JobEventPage(events: events, last: record.events, isOver: record.job.state.isOver))
  }

  /// The ids that are sorted for a list; where there are more in a queue and state, all jobs are
  /// looked at from the newest on.
  private static let sortedMax = 50_000

  func list(_ filter: JobFilter, before: JobID?, max: Int, isBrief: Bool) throws -> JobPage {
    var way = JobFile.Way.byIndex
    if filter.ids == nil, filter.workflow == nil {
      guard books.tallies.count(filter) > 0 else { return JobPage() }
      // No index has the tasks of all.
      var indexed = filter
      indexed.task = nil
      if filter.queue == nil && filter.state == nil
        || books.tallies.count(indexed) > Self.sortedMax
      {
        way = .backwards
      }
    }
    let found = try file.find(filter, before: before, max: max, way)
    var page = JobPage(next: found.next)
    var bytes = 0
    for id in found.ids {
      guard bytes < JobPage.bytesMax else {
        page.next = page.jobs.last?.id
        break
      }
      guard let record = isBrief ? try file.brief(id) : try file.job(id) else { continue }
      let job = current(record)
      bytes += job.bytes
      page.jobs.append(job)
    }
    return page
  }

  func queues() throws -> JobReply {
    let names = Set(settings.queues.keys).union(books.tallies.queues).sorted()
    return .queues(try names.map { try status(of: $0) })
  }

  private func status(of queue: QueueName) throws -> QueueStatus {
    var status = QueueStatus(queue: queue, settings: queueSettings(queue))
    status.isPaused = books.notes.paused.contains(queue)
    status.counts = books.tallies.counts(queue)
    status.oldest = try file.oldestQueued(queue).map { .milliseconds(max(0, group.now - $0)) }
    status.workers = books.leases.held.filter { $0.key.queue == queue }
      .map { (worker: $0.key.worker, leases: $0.value) }.sorted { $0.worker < $1.worker }
    status.redriving = books.notes.redrives[queue]?.left ?? 0
    return status
  }

  // MARK: Why it does not run

  /// The jobs before one that are counted.
  private static let countedMax = 1_000

  private func wait(of record: JobRecord) throws -> JobWait? {
    let job = record.job
    switch job.state {
    case .scheduled: return .time(job.nextAt ?? job.created)
    case .retrying:
      return .attempt(
        job.nextAt ?? group.now, failures: job.failures, of: job.attemptsMax,
        crashes: job.crashes)
    case .waiting:
      guard let place = job.workflow else { return nil }
      let jobs = try file.workflow(place.workflow)?.workflow.jobs ?? []
      let index = place.index - 1
      return .step(index, jobs.indices.contains(index) ? jobs[index] : nil)
    case .queued: return try waitForWorker(job)
    case .running: return job.isCancelRequested ? .stop : nil
    case .succeeded, .dead, .cancelled: return nil
    }
  }

  private func waitForWorker(_ job: Job) throws -> JobWait {
    if books.notes.paused.contains(job.queue) { return .resumption }
    if let max = queueSettings(job.queue).runningMax,
      books.tallies.count(job.queue, .running) >= max
    {
      return .room(runningMax: max)
    }
    if let key = job.rateKey {
      let wait = wait(for: key, cost: job.cost)
      if wait > .zero { return .budget(key, wait) }
    }
    var before = 0
    for lane in books.lanes.names(in: job.queue) where before < Self.countedMax {
      before += try file.count(lane, before: job, max: Self.countedMax - before)
    }
    guard before > 0 else { return .worker(job.task) }
    return .others(before, orMore: before == Self.countedMax)
  }
}
