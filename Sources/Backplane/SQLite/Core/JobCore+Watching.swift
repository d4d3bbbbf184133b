import FanfareActors
import FanfareRuntime

/// What happens because time passes.
extension JobCore {
  /// How often the wall clock, which may jump, is looked at while something waits for it.
  private static let wallPeriod = Duration.seconds(1)

  /// When something is due, or may be.
  var nextWatch: MonotonicInstant? {
    var next = books.leases.nextLook()
    func consider(_ instant: MonotonicInstant) { next = min(next ?? instant, instant) }
    if let due = books.notes.nextDue { consider(instant(of: due)) }
    if let removal = books.notes.nextRemoval { consider(instant(of: removal)) }
    for wake in books.notes.wakes.values { consider(wake) }
    for redrive in books.notes.redrives.values { consider(redrive.next) }
    return next
  }

  /// Where a time of the wall clock lies on the loop's own, or when to look again.
  private func instant(of time: Int64) -> MonotonicInstant {
    let wait = Duration.milliseconds(
      max(
        0,
        time.subtractingReportingOverflow(
          loop.wallMilliseconds()
        ).partialValue))
    return loop.now + min(wait, Self.wallPeriod)
  }

  /// Does what is due, within a group, and at most so much.
  ///
  /// - Parameter leases: whether leases are looked at, too.
  func watchOver(leases: Bool) throws {
    if leases { try lookAtLeases() }
    try queueDueJobs()
    try redriveDead()
    try removeOld()
    for (queue, wake) in books.notes.wakes where wake <= group.instant {
      books.notes.wakes[queue] = nil
      group.tellReady(queue)
    }
  }

  /// What has become due within the group: a retry without a wait.
  func queueDueJobs() throws {
    guard let next = books.notes.nextDue, next <= group.now, group.dueMoved < Self.dueMax else {
      return
    }
    let due = try file.due(by: group.now, max: Self.dueMax - group.dueMoved)
    group.dueMoved += due.count
    for id in due {
      guard let record = try file.job(id), let move = record.job.becomingDue() else { continue }
      try apply(move, to: record)
    }
    books.notes.nextDue = try file.nextDue()
  }

  private func lookAtLeases() throws {
    for _ in 0..<Self.dueMax {
      guard let id = books.leases.takeLook(by: group.instant) else { return }
      guard let lease = books.leases[id] else { continue }
      try look(at: lease, of: id)
    }
  }

  private func look(at lease: Lease, of id: JobID) throws {
    guard var record = try file.job(id) else {
      books.leases.set(id, nil)
      return
    }
    let plan = queueSettings(record.job.queue).retry
    if let timesOut = lease.timesOut, timesOut <= min(group.instant, lease.deadline) {
      record = try telling(lease.progress, of: record)
      guard let move = record.job.timingOut(plan, at: group.now, &loop.random) else { return }
      try apply(move, to: record)
    } else if lease.deadline <= group.instant {
      record = try telling(lease.progress, of: record)
      let move = record.job.losingWorker(
        wasConfirmed: lease.isConfirmed, plan, at: group.now, &loop.random)
      if let move { try apply(move, to: record) }
    } else if lease.progressDue ?? lease.deadline <= group.instant {
      books.leases.set(id, try telling(lease, of: record))
    }
  }
}
