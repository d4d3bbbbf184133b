import FanfareActors
import FanfareRuntime

/// Checks what a server promises about jobs: enqueues them, follows their channels, and in the end
/// holds what their workers noted against what the server says of each.
package struct JobVerification: Sendable {
  package let server: ServerURL
  package let work: VerifyWork
  package var jobs = 10_000
  /// How long jobs are enqueued for.
  package var duration = Duration.seconds(10)
  /// How long after the last job, or the last disturbance, all may take to succeed.
  package var convergence = Duration.seconds(60)
  /// How long a lease lasts.
  package var lease: Duration
  package var seed: UInt64 = 1
  package var limits = ClientLimits()
  /// Whether the server is on this machine, whose clock then is its own.
  package var isLocal = false

  /// A verification of the server there.
  package init(_ server: ServerURL, _ work: VerifyWork, lease: Duration) {
    self.server = server
    self.work = work
    self.lease = lease
  }

  /// What a verification found.
  package struct Report: Sendable {
    package var accepted = 0
    /// Requests for jobs that had to be made again, because no answer came.
    package var again = 0
    package var leases = 0
    /// Writes that were refused because the lease was another's.
    package var fenced = 0
    /// Dead jobs that were queued once more: three of their workers had died.
    package var revived = 0
    /// Events of jobs heard on their channels by all followers, and those lost with the log of a
    /// server that died, which was told.
    package var heard = 0
    package var unheard = 0
    package var resets = 0
    /// How long after the last disturbance the last job had succeeded; nil where one never did.
    package var converged: Duration?
    /// What was wrong, each in one line; empty when the promise was kept.
    package var faults: [String] = []
  }

  /// Runs it. Workers are the caller's: they must be there while it runs.
  ///
  /// - Parameters:
  ///   - disturbing: runs beside the enqueuers; what it breaks, it mends before it returns.
  ///   - records: what all workers have written so far.
  package func run(
    disturbing: @escaping @Sendable () async throws -> Void,
    records: @escaping @Sendable () throws -> [String]
  ) async throws -> Report {
    let group: LoopGroup
    do {
      group = try LoopGroup.start(count: 1)
    } catch {
      throw ClientError.unreachable("\(error)")
    }
    do {
      let report = try await run(on: group.loops[0], disturbing, records)
      await group.stop()
      return report
    } catch {
      await group.stop()
      throw error
    }
  }

  private func run(
    on loop: EventLoop, _ disturbing: @escaping @Sendable () async throws -> Void,
    _ records: @escaping @Sendable () throws -> [String]
  ) async throws -> Report {
    let crowd = JobCrowd(work, server, on: loop, limits)
    return try await withThrowingTaskGroup(of: Void.self) { tasks in
      for follower in crowd.followers { tasks.addTask { await follower.run() } }
      defer { tasks.cancelAll() }
      do {
        try await crowd.attach()
        let report = try await judge(on: loop, crowd, disturbing, records)
        await crowd.end()
        return report
      } catch {
        await crowd.end()
        throw error
      }
    }
  }

  private func judge(
    on loop: EventLoop, _ crowd: JobCrowd,
    _ disturbing: @escaping @Sendable () async throws -> Void,
    _ records: @escaping @Sendable () throws -> [String]
  ) async throws -> Report {
    var report = Report()
    let standings = try await enqueue(on: loop, disturbing)
    let end = ContinuousClock.now
    var accepted: [String: Int] = [:]
    for standing in standings {
      accepted.merge(standing.accepted) { first, _ in first }
      report.again += standing.again
      report.faults += standing.faults
    }
    report.accepted = accepted.count
    let census = JobCensus(server, on: loop, limits)
    let isDone = try await census.follow(Array(accepted.keys), until: end + convergence)
    if isDone { report.converged = ContinuousClock.now - end }
    report.revived = await census.revived
    // Those who were paused or slow may still come with what they have.
    try await Task.sleep(for: lease * 2)
    let outcomes = try await census.outcomes(Array(accepted.keys))
    await census.close()
    report.faults += await census.faults
    let audits = Self.audits(accepted, try records(), &report)
    let boot = await census.boot
    for (id, outcome) in outcomes.sorted(by: { $0.key < $1.key }) {
      let faults = audits[id]?.faults(outcome, lease: lease, boot: isLocal ? boot : nil)
      report.faults += faults ?? []
    }
    guard isDone else {
      report.faults.insert("not every job had succeeded \(convergence.inWords) after", at: 0)
      return report
    }
    await crowd.hear(outcomes, within: .seconds(5), &report)
    return report
  }

  /// Returns what was accepted, once all is enqueued and mended.
  private func enqueue(
    on loop: EventLoop, _ disturbing: @escaping @Sendable () async throws -> Void
  ) async throws -> [VerifyEnqueuer.Standing] {
    var random = SeededGenerator(seed: seed)
    let parts = min(4, jobs)
    let enqueuers = (0..<parts).map { part in
      VerifyEnqueuer(
        "enqueuer-\(part)", work, (jobs * part / parts)..<(jobs * (part + 1) / parts),
        over: duration, seed: random.next(), at: server, on: loop, limits)
    }
    let enqueuing = enqueuers.map { enqueuer in Task { await enqueuer.run() } }
    do {
      try await disturbing()
    } catch {
      for enqueuer in enqueuers { await enqueuer.end() }
      throw error
    }
    // Without an answer until then, one would wait for ever.
    let aborting = Task {
      try await Task.sleep(for: duration + convergence)
      for enqueuer in enqueuers { await enqueuer.end() }
    }
    for task in enqueuing { await task.value }
    aborting.cancel()
    var standings: [VerifyEnqueuer.Standing] = []
    for enqueuer in enqueuers { standings.append(await enqueuer.standing) }
    return standings
  }

  private static func audits(
    _ accepted: [String: Int], _ lines: [String], _ report: inout Report
  ) -> [String: JobAudit] {
    var audits = [String: JobAudit](
      uniqueKeysWithValues: accepted.map { ($0.key, JobAudit($0.key, number: $0.value)) })
    let numbers = Set(accepted.values)
    for text in lines {
      for line in text.split(separator: "\n") {
        guard let record = JobRecord(line) else { continue }
        guard audits[record.job] != nil else {
          // A request that was accepted and never answered may have made it; a number that was
          // accepted under another id must not be there twice.
          if numbers.contains(record.number) {
            report.faults.append("job \(record.job): number \(record.number) was made twice")
          }
          continue
        }
        audits[record.job]?.note(record)
      }
    }
    for audit in audits.values {
      report.leases += audit.leaseCount
      report.fenced += audit.fencedCount
    }
    return audits
  }
}
