import FanfareActors
import FanfareRuntime

/// What workers say.
extension JobBook {
  mutating func lease(
    _ queue: QueueName, _ worker: WorkerName, _ tasks: [TaskName]?, _ max: Int
  ) throws(JobRefusal) -> JobReply {
    let bounds = try queueSettings(queue)
    guard !pausedQueues.contains(queue) else {
      return .leased([], rest: LeaseRest(left: 0, reason: .tasks))
    }
    let running = ids { $0.queue == queue && $0.state == .running }
    let own = running.filter { pages[$0]?.job.worker == worker }
    let room = min(
      max, bounds.leasesPerWorkerMax - own.count, (bounds.runningMax ?? .max) - running.count)
    let queued = ids { $0.queue == queue && $0.state == .queued }
      .compactMap { pages[$0]?.job }
      .filter { tasks?.contains($0.task) ?? true }
      .sorted { ($1.priority, $0.id) < ($0.priority, $1.id) }
    var shut: Set<RateKey> = []
    var leased: [LeasedJob] = []
    for job in queued where leased.count < room {
      if let key = job.rateKey {
        guard !shut.contains(key), reserve(key, job.cost) else {
          shut.insert(key)
          heldUp.insert(job.id)
          continue
        }
      }
      if let one = begin(job.id, worker, bounds.lease) { leased.append(one) }
    }
    let unrun = ids { $0.queue == queue && $0.state == .queued }.count
    let left = min(unrun, (bounds.runningMax ?? .max) - running.count - leased.count)
    let hasAll = own.count + leased.count >= bounds.leasesPerWorkerMax
    let reason: LeaseRest.Reason? = leased.count >= max ? nil : hasAll ? .bound : .tasks
    return .leased(leased, rest: LeaseRest(left: Swift.max(0, left), reason: reason))
  }

  private mutating func begin(_ id: JobID, _ worker: WorkerName, _ lease: Duration) -> LeasedJob? {
    guard var page = pages[id] else { return nil }
    page.job.leases += 1
    page.job.worker = worker
    page.job.started = moment.wall
    page.leaseEnd = moment.now + lease
    page.attemptEnd = page.job.timeout.map { moment.now + $0 }
    page.isConfirmed = false
    pages[id] = page
    move(id, to: .running, .leased, events: [.started])
    guard let job = pages[id]?.job, let token = LeaseToken(job.leases) else { return nil }
    return LeasedJob(job: job, token: token, lease: lease)
  }

  // MARK: Under a lease

  private func isCurrent(_ claim: LeaseClaim) -> Bool {
    guard let job = pages[claim.job]?.job else { return false }
    return job.state == .running && job.leases == claim.token.number
  }

  /// Renews and confirms a lease. Returns how long its holder may be silent.
  private mutating func renew(_ id: JobID) -> Duration {
    let lease = pages[id].flatMap { settings.queues[$0.job.queue]?.lease } ?? .zero
    pages[id]?.leaseEnd = moment.now + lease
    pages[id]?.isConfirmed = true
    return lease
  }

  mutating func heartbeat(_ claims: [LeaseClaim]) -> Renewal {
    var lease: Duration?
    var cancel: [JobID] = []
    var lost: [JobID] = []
    for claim in claims {
      guard isCurrent(claim) else {
        lost.append(claim.job)
        continue
      }
      lease = min(lease ?? .seconds(86_400), renew(claim.job))
      if pages[claim.job]?.job.isCancelRequested == true { cancel.append(claim.job) }
    }
    return Renewal(lease: lease ?? .zero, cancel: cancel, lost: lost)
  }

  private mutating func standing(of claim: LeaseClaim) throws(JobRefusal) -> LeaseStanding {
    let page = try page(claim.job)
    guard isCurrent(claim) else { throw lost(claim) }
    return LeaseStanding(lease: renew(claim.job), isCancelled: page.job.isCancelRequested)
  }

  private mutating func lost(_ claim: LeaseClaim) -> JobRefusal {
    news.fencedWrites += 1
    return .leaseLost
  }

  mutating func take(
    _ progress: JobProgress, _ claim: LeaseClaim
  ) throws(JobRefusal) -> LeaseStanding {
    let standing = try standing(of: claim)
    pages[claim.job]?.job.progress = progress
    let told = pages[claim.job]?.progressTold
    pages[claim.job]?.progressDue =
      told.map { max(moment.now, $0 + Self.progressGap) } ?? moment.now
    if let due = pages[claim.job]?.progressDue, due <= moment.now { tellProgress(claim.job) }
    return standing
  }

  mutating func checkpoint(
    _ bytes: [UInt8], _ claim: LeaseClaim
  ) throws(JobRefusal) -> LeaseStanding {
    let standing = try standing(of: claim)
    pages[claim.job]?.job.checkpoint = bytes
    append(.checkpoint, to: claim.job)
    return standing
  }

  mutating func log(_ bytes: [UInt8], _ claim: LeaseClaim) throws(JobRefusal) -> LeaseStanding {
    let standing = try standing(of: claim)
    pages[claim.job]?.log += bytes
    return standing
  }

  // MARK: The end of an attempt

  /// What was answered to the same call before; `nil` where the attempt is to be ended now.
  private mutating func earlierAnswer(
    _ call: Call, _ claim: LeaseClaim
  ) throws(JobRefusal) -> JobState? {
    let page = try page(claim.job)
    if isCurrent(claim) { return nil }
    if let ending = page.ending, ending.token == claim.token {
      guard ending.call == call else { throw lost(claim) }
      return ending.state
    }
    guard claim.token.number == page.job.leases else { throw lost(claim) }
    // Late, but nobody overtook.
    let isOpen = page.job.state == .queued || page.job.state == .retrying
    guard call == .succeed, isOpen else { throw lost(claim) }
    return nil
  }

  private mutating func end(_ claim: LeaseClaim, by call: Call) -> JobState {
    let state = pages[claim.job]?.job.state ?? .cancelled
    pages[claim.job]?.ending = (claim.token, call, state)
    return state
  }

  mutating func succeed(
    _ claim: LeaseClaim, _ result: [UInt8]?, _ usage: JobUsage?
  ) throws(JobRefusal) -> JobState {
    if let answer = try earlierAnswer(.succeed, claim) { return answer }
    let job = try page(claim.job).job
    untold[claim.job] = nil
    if let usage {
      pages[claim.job]?.job.usage = usage
      if let step = job.workflow { flows[step.workflow]?.workflow.usage.add(usage) }
      if let key = job.rateKey, let tokens = usage.tokens { settle(key, job.cost, used: tokens) }
    }
    if job.isCancelRequested {
      move(claim.job, to: .cancelled, .cancelled, events: [.cancelled])
    } else {
      pages[claim.job]?.job.result = result
      move(claim.job, to: .succeeded, .succeeded, events: [.succeeded])
    }
    return end(claim, by: .succeed)
  }

  mutating func fail(_ claim: LeaseClaim, _ failure: JobFailure) throws(JobRefusal) -> JobState {
    if let answer = try earlierAnswer(.fail, claim) { return answer }
    fail(claim.job, failure, .failed)
    return end(claim, by: .fail)
  }

  mutating func fail(_ id: JobID, _ failure: JobFailure, _ cause: JobTransition.Cause) {
    guard let job = pages[id]?.job, let queue = settings.queues[job.queue] else { return }
    let pause = min(max(failure.retryAfter ?? .seconds(1), .zero), Self.waitMax)
    if failure.isRateLimited, let key = job.rateKey {
      let until = moment.wall + pause.milliseconds
      keyPauses[key] = max(until, keyPauses[key] ?? until)
    }
    if job.isCancelRequested {
      return move(id, to: .cancelled, .cancelled, events: [.cancelled])
    }
    if failure.isRateLimited {
      pages[id]?.job.releases += 1
      pages[id]?.job.nextAt = moment.wall + pause.milliseconds
      return move(id, to: .retrying, .rateLimited, events: [.retrying])
    }
    pages[id]?.job.failures += 1
    addError(failure.error, to: id)
    if !failure.mayRetry {
      move(id, to: .dead(.failed), cause, events: [.failed, .dead])
    } else if job.failures + 1 >= job.attemptsMax {
      move(id, to: .dead(.attempts), cause, events: [.failed, .dead])
    } else {
      wait(id, queue.retry, times: job.failures + 1, wanted: failure.retryAfter)
      move(id, to: .retrying, cause, events: [.failed, .retrying])
    }
  }

  mutating func addError(_ text: String, to id: JobID) {
    guard var job = pages[id]?.job else { return }
    var short = text.unicodeScalars
    while short.count * 4 > Self.errorBytesMax, String(short).utf8.count > Self.errorBytesMax {
      short.removeLast()
    }
    job.errors.append(JobError(attempt: job.attempt, time: moment.wall, text: String(short)))
    job.errors = job.errors.suffix(JobError.countMax)
    pages[id]?.job.errors = job.errors
  }

  mutating func release(_ claim: LeaseClaim) throws(JobRefusal) -> JobState {
    if let answer = try earlierAnswer(.release, claim) { return answer }
    if try page(claim.job).job.isCancelRequested {
      move(claim.job, to: .cancelled, .cancelled, events: [.cancelled])
    } else {
      pages[claim.job]?.job.releases += 1
      move(claim.job, to: .queued, .released, events: [.queued])
    }
    return end(claim, by: .release)
  }

  // MARK: Waiting for another attempt

  /// Sets when a job that was no good is tried again.
  mutating func wait(_ id: JobID, _ plan: RetryPlan, times: Int, wanted: Duration? = nil) {
    let doubled = Double(plan.base.milliseconds) * Double(1 << min(times - 1, 50))
    let longest = Int64(min(Double(plan.cap.milliseconds), doubled))
    let least = min(wanted ?? .zero, Self.waitMax).milliseconds
    if waitsToBeTold {
      untold[id] = moment.wall + least...moment.wall + max(least, longest)
      pages[id]?.job.nextAt = moment.wall + max(least, longest)
    } else {
      let delay = plan.delay(afterFailures: times, wanted: wanted, &random)
      pages[id]?.job.nextAt = moment.wall + delay.milliseconds
    }
  }

  /// Says when a retry is due.
  package mutating func tell(_ id: JobID, nextAt time: Int64) {
    untold[id] = nil
    isRestless = true
    pages[id]?.job.nextAt = time
  }
}
