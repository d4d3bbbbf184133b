import FanfareRuntime

/// How a job moves. Pure: a state, what happened and the time go in, the next state comes out. A
/// move that a state does not have is `nil`.
extension Job {
  /// Leases that a job may lose before it is taken for what kills its workers.
  package static let crashesMax = 3
  /// The wait of a job that was refused by a provider which did not say how long.
  private static let rateLimitedWait = Duration.seconds(1)
  /// The longest wait that a failure may ask for.
  private static let waitMax = Duration.seconds(7 * 86_400)

  /// How long nobody gets a job of the rate key of one that failed so.
  package static func rateLimitedWait(_ failure: JobFailure) -> Duration {
    min(max(failure.retryAfter ?? rateLimitedWait, .zero), waitMax)
  }

  /// A job as `draft` asks for it, with the events that its making has.
  ///
  /// - Parameter isWaiting: whether a step before it has to succeed first.
  package static func made(
    _ id: JobID, from draft: JobDraft, _ settings: QueueSettings, isWaiting: Bool, at now: Int64
  ) -> (job: Job, events: [JobEventKind]) {
    var job = Job(
      id: id, queue: draft.queue, task: draft.task, arguments: draft.arguments, state: .queued,
      priority: draft.priority, attemptsMax: draft.attempts ?? settings.attempts, created: now)
    job.timeout = draft.timeout
    job.channel = draft.channel
    job.eventTypes = draft.eventTypes
    job.key = draft.key
    job.uniqueUntil = draft.key == nil ? nil : draft.uniqueFor.map { now.later(by: $0) }
    job.rateKey = draft.rateKey
    job.cost = draft.cost
    if isWaiting {
      job.state = .waiting
      return (job, [])
    }
    let start: Int64 =
      switch draft.start {
      case .now: now
      case .after(let delay): now.later(by: delay)
      case .at(let time): time
      }
    guard start > now else { return (job, [.queued]) }
    job.state = .scheduled
    job.nextAt = start
    return (job, [])
  }

  /// Its time has come.
  package func becomingDue() -> JobMove? {
    switch state {
    case .scheduled, .retrying: queued(.due)
    case .waiting, .queued, .running, .succeeded, .dead, .cancelled: nil
    }
  }

  /// The step before it has succeeded.
  package func following(_ result: [UInt8]?) -> JobMove? {
    switch state {
    case .waiting:
      var job = self
      job.input = result
      job.state = .queued
      return JobMove(job, from: state, .stepDone, [.queued])
    case .scheduled, .queued, .running, .retrying, .succeeded, .dead, .cancelled: return nil
    }
  }

  /// `worker` gets it.
  package func leased(by worker: WorkerName, at now: Int64) -> JobMove? {
    switch state {
    case .queued:
      var job = self
      job.state = .running
      job.leases += 1
      job.worker = worker
      job.started = now
      return JobMove(job, from: state, .leased, [.started])
    case .scheduled, .waiting, .running, .retrying, .succeeded, .dead, .cancelled: return nil
    }
  }

  /// Its worker is done. Also where it was thought lost and nobody else has begun.
  package func succeeding(
    _ result: [UInt8]?, _ usage: JobUsage?, at now: Int64
  ) -> JobMove? {
    switch state {
    case .running, .queued, .retrying:
      var job = self
      job.usage = usage ?? job.usage
      if isCancelRequested { return job.over(.cancelled, .cancelled, [.cancelled], at: now) }
      job.result = result
      return job.over(.succeeded, .succeeded, [.succeeded], at: now)
    case .scheduled, .waiting, .succeeded, .dead, .cancelled: return nil
    }
  }

  /// Its worker says that the attempt failed.
  package func failing(
    _ failure: JobFailure, _ plan: RetryPlan, at now: Int64,
    _ random: inout some RandomNumberGenerator
  ) -> JobMove? {
    switch state {
    case .running:
      if isCancelRequested { return over(.cancelled, .cancelled, [.cancelled], at: now) }
      guard failure.isRateLimited else {
        return failed(failure, plan, .failed, at: now, &random)
      }
      var job = self
      job.releases += 1
      let wait = Self.rateLimitedWait(failure)
      return job.retrying(at: now.later(by: wait), .rateLimited, [.retrying])
    case .scheduled, .waiting, .queued, .retrying, .succeeded, .dead, .cancelled: return nil
    }
  }

  /// The attempt took longer than ``timeout``.
  package func timingOut(
    _ plan: RetryPlan, at now: Int64, _ random: inout some RandomNumberGenerator
  ) -> JobMove? {
    switch state {
    case .running:
      if isCancelRequested { return over(.cancelled, .cancelled, [.cancelled], at: now) }
      let failure = JobFailure(error: "timed out after \(timeout ?? .zero)")
      return failed(failure, plan, .timedOut, at: now, &random)
    case .scheduled, .waiting, .queued, .retrying, .succeeded, .dead, .cancelled: return nil
    }
  }

  /// Its worker gives it back undone.
  package func released(at now: Int64) -> JobMove? {
    switch state {
    case .running:
      if isCancelRequested { return over(.cancelled, .cancelled, [.cancelled], at: now) }
      return givenBack(.released)
    case .scheduled, .waiting, .queued, .retrying, .succeeded, .dead, .cancelled: return nil
    }
  }

  /// Its worker has not been heard of for too long.
  ///
  /// - Parameter wasConfirmed: whether the worker had been heard of at all: where it had not, it
  ///   may never have got the job.
  package func losingWorker(
    wasConfirmed: Bool, _ plan: RetryPlan, at now: Int64,
    _ random: inout some RandomNumberGenerator
  ) -> JobMove? {
    switch state {
    case .running:
      if isCancelRequested { return over(.cancelled, .crashed, [.cancelled], at: now) }
      guard wasConfirmed else { return givenBack(.crashed) }
      var job = self
      job.note("its worker was lost", at: now)
      job.crashes += 1
      guard job.crashes < Self.crashesMax else {
        return job.over(.dead(.crashes), .crashed, [.failed, .dead], at: now)
      }
      let wait = plan.delay(afterFailures: job.crashes, &random)
      return job.retrying(at: now.later(by: wait), .crashed, [.failed, .retrying])
    case .scheduled, .waiting, .queued, .retrying, .succeeded, .dead, .cancelled: return nil
    }
  }

  /// Somebody wants it to end.
  package func cancelling(at now: Int64) -> CancelMove {
    switch state {
    case .scheduled, .waiting, .queued, .retrying:
      return .moved(over(.cancelled, .cancelled, [.cancelled], at: now))
    case .running:
      var job = self
      job.isCancelRequested = true
      return .asked(job)
    case .succeeded, .dead, .cancelled: return .over(state)
    }
  }

  /// Somebody wants it done after all.
  package func retried(_ arguments: [UInt8]?) -> JobMove? {
    switch state {
    case .dead, .cancelled:
      var job = self
      job.arguments = arguments ?? job.arguments
      job.failures = 0
      job.crashes = 0
      job.result = nil
      job.finished = nil
      job.state = .queued
      return JobMove(job, from: state, .retried, [.queued])
    case .scheduled, .waiting, .queued, .running, .retrying, .succeeded: return nil
    }
  }

  /// A step before it is done after all: it waits again.
  package func waitingAgain() -> JobMove? {
    switch state {
    case .cancelled:
      var job = self
      job.finished = nil
      job.state = .waiting
      return JobMove(job, from: state, .retried, [])
    case .scheduled, .waiting, .queued, .running, .retrying, .succeeded, .dead: return nil
    }
  }

  // MARK: Parts of moves

  private func queued(_ cause: JobTransition.Cause) -> JobMove {
    var job = self
    job.state = .queued
    job.nextAt = nil
    job.endAttempt()
    return JobMove(job, from: state, cause, [.queued])
  }

  private func givenBack(_ cause: JobTransition.Cause) -> JobMove {
    var job = self
    job.releases += 1
    return job.queued(cause)
  }

  private func failed(
    _ failure: JobFailure, _ plan: RetryPlan, _ cause: JobTransition.Cause, at now: Int64,
    _ random: inout some RandomNumberGenerator
  ) -> JobMove {
    var job = self
    job.note(failure.error, at: now)
    job.failures += 1
    guard failure.mayRetry else {
      return job.over(.dead(.failed), cause, [.failed, .dead], at: now)
    }
    guard job.failures < attemptsMax else {
      return job.over(.dead(.attempts), cause, [.failed, .dead], at: now)
    }
    let wait = plan.delay(afterFailures: job.failures, wanted: failure.retryAfter, &random)
    return job.retrying(at: now.later(by: wait), cause, [.failed, .retrying])
  }

  private func retrying(
    at time: Int64, _ cause: JobTransition.Cause, _ events: [JobEventKind]
  ) -> JobMove {
    var job = self
    job.state = .retrying
    job.nextAt = time
    job.endAttempt()
    return JobMove(job, from: state, cause, events)
  }

  private func over(
    _ end: JobState, _ cause: JobTransition.Cause, _ events: [JobEventKind], at now: Int64
  ) -> JobMove {
    var job = self
    job.state = end
    job.finished = now
    job.nextAt = nil
    job.endAttempt()
    return JobMove(job, from: state, cause, events)
  }

  private mutating func endAttempt() {
    worker = nil
    isCancelRequested = false
  }

  private mutating func note(_ error: String, at now: Int64) {
    errors.append(JobError(attempt: attempt, time: now, text: JobError.shortened(error)))
    if errors.count > JobError.countMax { errors.removeFirst(errors.count - JobError.countMax) }
  }
}

extension JobError {
  /// The bytes of one error's text that are kept.
  package static let textBytesMax = 4_096

  /// The beginning of `text` that is kept, cut between characters.
  static func shortened(_ text: String) -> String {
    guard text.utf8.count > textBytesMax else { return text }
    var end = text.utf8.index(text.utf8.startIndex, offsetBy: textBytesMax)
    end = text.unicodeScalars.index(before: text.unicodeScalars.index(after: end))
    return String(text.unicodeScalars[..<end])
  }
}

extension Int64 {
  /// Milliseconds since 1970 that lie `duration` later, held at the ends of what can be told.
  package func later(by duration: Duration) -> Int64 {
    let (sum, overflow) = addingReportingOverflow(duration.milliseconds)
    return overflow ? (duration < .zero ? .min : .max) : sum
  }
}
