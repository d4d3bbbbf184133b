import FanfareActors
import FanfareRuntime
import Foundation

/// What those ask who look, and operators.
extension JobBook {
  func read(_ id: JobID) throws(JobRefusal) -> JobReply {
    let job = try page(id).job
    return .job(job, waitingFor: waitingFor(job))
  }

  private func waitingFor(_ job: Job) -> String? {
    switch job.state {
    case .scheduled: "its time: \(date(job.nextAt))"
    case .waiting: "step \(job.workflow?.index ?? 0) of its workflow to succeed"
    case .queued: waitingForWorker(job)
    case .running: job.isCancelRequested ? "its worker to stop" : nil
    case .retrying:
      "the next attempt at \(date(job.nextAt)), after failure \(job.failures) of \(job.attemptsMax)"
    case .succeeded, .dead, .cancelled: nil
    }
  }

  private func date(_ milliseconds: Int64?) -> String {
    let date = Date(timeIntervalSince1970: Double(milliseconds ?? 0) / 1_000)
    return date.formatted(.iso8601.year().month().day().time(includingFractionalSeconds: true))
  }

  private func waitingForWorker(_ job: Job) -> String {
    if pausedQueues.contains(job.queue) { return "the queue to be resumed" }
    if let key = job.rateKey {
      let wait = budgetWait(key, job.cost)
      if wait > .zero { return "the budget of \(key): \(wait)" }
    }
    let running = ids { $0.queue == job.queue && $0.state == .running }.count
    if let max = settings.queues[job.queue]?.runningMax, running >= max {
      return "the end of other jobs: max-running \(max) are running"
    }
    let before = ids { other in
      other.queue == job.queue && other.state == .queued
        && (job.priority, other.id) < (other.priority, job.id)
    }
    return before.isEmpty
      ? "a worker of task \(job.task)" : "a worker: \(before.count) jobs are before it"
  }

  func matches(_ job: Job, _ filter: JobFilter) -> Bool {
    (filter.queue.map { $0 == job.queue } ?? true)
      && (filter.state.map { $0 == job.state.word } ?? true)
      && (filter.task.map { $0 == job.task } ?? true)
      && (filter.errorText.map { job.errors.last?.text.contains($0) ?? false } ?? true)
      && (filter.workflow.map { $0 == job.workflow?.workflow } ?? true)
      && (filter.ids.map { $0.contains(job.id) } ?? true)
  }

  /// Jobs of models are few and short: a page ends only where it has as many as were asked for.
  func list(_ filter: JobFilter, _ before: JobID?, _ max: Int, _ isBrief: Bool) -> JobPage {
    let found = ids { job in matches(job, filter) && before.map { job.id < $0 } ?? true }
    var jobs = found.reversed().prefix(max).compactMap { pages[$0]?.job }
    if isBrief {
      for index in jobs.indices {
        jobs[index].arguments = []
        (jobs[index].input, jobs[index].checkpoint) = (nil, nil)
        (jobs[index].result, jobs[index].usage) = (nil, nil)
      }
    }
    return JobPage(jobs, next: found.count > jobs.count ? jobs.last?.id : nil)
  }

  func steps(_ id: WorkflowID) -> [StepStatus] {
    let jobs = pages.values.map(\.job).filter { $0.workflow?.workflow == id }
    return jobs.sorted { ($0.workflow?.index ?? 0) < ($1.workflow?.index ?? 0) }
      .map { StepStatus(job: $0.id, queue: $0.queue, state: $0.state) }
  }

  func events(_ id: JobID, _ after: Int64, _ max: Int) throws(JobRefusal) -> JobEventPage {
    let page = try page(id)
    let events = page.events.filter { $0.sequence > after }.prefix(max)
    return JobEventPage(
      events: Array(events), last: Int64(page.events.count), isOver: page.job.state.isOver)
  }

  var queueStatuses: [QueueStatus] {
    settings.queues.sorted { $0.key < $1.key }.map { queue, bounds in
      var status = QueueStatus(queue: queue, settings: bounds)
      status.isPaused = pausedQueues.contains(queue)
      let jobs = ids { $0.queue == queue }.compactMap { pages[$0] }
      for page in jobs { status.counts[page.job.state.word, default: 0] += 1 }
      let oldest = jobs.filter { $0.job.state == .queued }.map(\.since).min()
      status.oldest = oldest.map { .milliseconds(max(0, moment.wall - $0)) }
      let workers = Dictionary(grouping: jobs.compactMap(\.job.worker)) { $0 }
      status.workers = workers.sorted { $0.key < $1.key }.map { ($0.key, $0.value.count) }
      status.redriving = redrives[queue]?.left.count ?? 0
      return status
    }
  }

  // MARK: Operators

  mutating func pause(_ queue: QueueName) throws(JobRefusal) -> JobReply {
    _ = try queueSettings(queue)
    return .done(pausedQueues.insert(queue).inserted ? 1 : 0)
  }

  mutating func resume(_ queue: QueueName) throws(JobRefusal) -> JobReply {
    _ = try queueSettings(queue)
    ready(queue)
    return .done(pausedQueues.remove(queue) == nil ? 0 : 1)
  }

  private func dead(_ queue: QueueName, _ filter: JobFilter) -> [JobID] {
    ids { job in
      guard case .dead = job.state else { return false }
      return job.queue == queue && matches(job, filter)
    }
  }

  mutating func redrive(
    _ queue: QueueName, _ filter: JobFilter, _ perSecond: Double?
  ) throws(JobRefusal) -> Int {
    _ = try queueSettings(queue)
    let found = dead(queue, filter)
    redrives[queue] = nil
    if let perSecond, perSecond > 0 {
      redrives[queue] = Redrive(
        left: found, next: moment.now, every: .nanoseconds(Int64(1e9 / perSecond)))
      continueRedrive(queue)
    } else {
      for id in found { _ = try retry(id, nil) }
    }
    return found.count
  }

  mutating func stopRedrive(_ queue: QueueName) throws(JobRefusal) -> Int {
    _ = try queueSettings(queue)
    return redrives.removeValue(forKey: queue)?.left.count ?? 0
  }

  mutating func purge(_ queue: QueueName, _ filter: JobFilter) throws(JobRefusal) -> Int {
    _ = try queueSettings(queue)
    let found = dead(queue, filter).prefix(10_000)
    for id in found { delete(id) }
    return found.count
  }

  mutating func published(_ last: Int64) -> Int {
    let before = outbox.count
    outbox.removeAll { $0.number <= last }
    return before - outbox.count
  }
}
