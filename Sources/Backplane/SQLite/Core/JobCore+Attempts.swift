import FanfareActors
import FanfareRuntime

/// What workers say.
extension JobCore {
  // MARK: Under a lease

  /// The lease of a claim that holds it.
  ///
  /// - Throws: why it does not.
  private func holding(_ claim: LeaseClaim) throws -> Lease {
    guard let lease = books.leases[claim.job], lease.token == claim.token else {
      guard try file.hasJob(claim.job) else { throw JobRefusal.noSuchJob }
      throw JobRefusal.leaseLost
    }
    return lease
  }

  /// Keeps a lease for another period.
  private func renew(_ lease: Lease, of job: JobID) -> LeaseStanding {
    var lease = lease
    let period = queueSettings(lease.queue).lease
    lease.deadline = group.instant + period
    books.leases.set(job, lease)
    return LeaseStanding(lease: period, isCancelled: lease.isCancelRequested)
  }

  func heartbeat(_ claims: [LeaseClaim]) throws -> JobReply {
    var renewal = Renewal(lease: .zero, cancel: [], lost: [])
    var shortest: Duration?
    for claim in claims {
      guard var lease = books.leases[claim.job], lease.token == claim.token else {
        renewal.lost.append(claim.job)
        continue
      }
      if !lease.isConfirmed {
        try file.updateConfirmed(claim.job)
        lease.isConfirmed = true
      }
      let standing = renew(lease, of: claim.job)
      if standing.isCancelled { renewal.cancel.append(claim.job) }
      shortest = min(shortest ?? standing.lease, standing.lease)
    }
    renewal.lease = shortest ?? .zero
    return .renewed(renewal)
  }

  func progress(_ claim: LeaseClaim, _ progress: JobProgress) throws -> JobReply {
    var lease = try holding(claim)
    lease.progress = progress
    lease.progressDue = max(group.instant, books.leases.nextTelling(claim.job) ?? group.instant)
    if lease.progressDue == group.instant, let record = try file.job(claim.job) {
      lease = try telling(lease, of: record)
    } else if !lease.isConfirmed {
      try file.updateConfirmed(claim.job)
      lease.isConfirmed = true
    }
    return .kept(renew(lease, of: claim.job))
  }

  func checkpoint(_ claim: LeaseClaim, _ data: [UInt8]) throws -> JobReply {
    var lease = try holding(claim)
    guard var record = try file.job(claim.job) else { throw JobRefusal.noSuchJob }
    record.job.checkpoint = data
    record.isConfirmed = true
    lease.isConfirmed = true
    try tell(.checkpoint, of: &record)
    try file.updateCheckpoint(record.job)
    try file.updateSaid(record)
    return .kept(renew(lease, of: claim.job))
  }

  func log(_ claim: LeaseClaim, _ bytes: [UInt8]) throws -> JobReply {
    var lease = try holding(claim)
    try file.appendLog(claim.job, bytes, max: settings.logBytesMax)
    if !lease.isConfirmed { try file.updateConfirmed(claim.job) }
    lease.isConfirmed = true
    return .kept(renew(lease, of: claim.job))
  }

  // MARK: The end of an attempt

  func succeed(
    _ claim: LeaseClaim, _ result: [UInt8]?, _ usage: JobUsage?
  ) throws -> JobReply {
    try end(claim, by: .succeed, usage) { job, _ in
      job.succeeding(result, usage, at: group.now)
    }
  }

  func fail(_ claim: LeaseClaim, _ failure: JobFailure) throws -> JobReply {
    try end(claim, by: .fail, nil) { job, plan in
      let move = job.failing(failure, plan, at: group.now, &loop.random)
      if failure.isRateLimited, let key = job.rateKey {
        pause(key, until: group.now.later(by: Job.rateLimitedWait(failure)))
      }
      return move
    }
  }

  func release(_ claim: LeaseClaim) throws -> JobReply {
    try end(claim, by: .release, nil) { job, _ in job.released(at: group.now) }
  }

  private func end(
    _ claim: LeaseClaim, by call: AttemptCall, _ usage: JobUsage?,
    _ moving: (Job, RetryPlan) -> JobMove?
  ) throws -> JobReply {
    guard var record = try file.job(claim.job) else { throw JobRefusal.noSuchJob }
    switch record.job.standing(of: claim.token, saying: call, after: record.ended) {
    case .repeated(let state): return .state(state)
    case .lost: throw JobRefusal.leaseLost
    case .current: record = try telling(books.leases[claim.job]?.progress, of: record)
    case .late: break
    }
    guard let move = moving(record.job, queueSettings(record.job.queue).retry) else {
      throw JobRefusal.leaseLost
    }
    settle(record.job, usage)
    try apply(
      move, to: record, ended: AttemptEnd(token: claim.token, call: call, state: move.job.state),
      usage: usage)
    return .state(move.job.state)
  }
}
