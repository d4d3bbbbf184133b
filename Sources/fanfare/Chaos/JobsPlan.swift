import ArgumentParser
import FanfareRuntime
import FanfareServer
import Glibc

/// A verification of jobs, with workers that are killed and paused meanwhile, and a server that is
/// killed where it is one of its own.
struct JobsPlan {
  /// Of a server that is there; nil starts one.
  let url: ServerURL?
  let queue: String
  let jobs: Int
  let workers: Int
  /// How long jobs come in and things are broken.
  let duration: Duration
  let convergence: Duration
  /// What the queue's leases last.
  let lease: Duration
  /// Decides everything.
  let seed: UInt64

  /// Starts what is needed, verifies and breaks it, and ends it. SIGTERM and SIGINT end it early.
  func verify() async throws -> JobVerification.Report {
    let work = Task { try await broken() }
    await StopSignals().watch { work.cancel() }
    let outcome = await work.result
    if work.isCancelled { throw ExitCode(128 + SIGINT) }
    return try outcome.get()
  }

  private func broken() async throws -> JobVerification.Report {
    let group = try LoopGroup.start(count: 1)
    let work = VerifyWork(queue: queue)
    let chaos = try ChaosJobs(self, at: url, work, on: group.loops[0])
    var isWell = false
    defer { if isWell || Task.isCancelled { chaos.ground.clean() } }
    do {
      try await chaos.start(self, work)
      let watching = Task { await chaos.watch() }
      Self.tell(
        "seed \(seed), \(jobs) jobs, \(workers) workers, leases of \(SecondsText.of(lease))")
      let plan = ChaosPlan(
        seed: seed, workers: workers, lease: lease, killsServer: url == nil, duration: duration)
      var verification = JobVerification(chaos.url, work, lease: lease)
      verification.jobs = jobs
      // The last ones come before the last faults.
      verification.duration = duration * 9 / 10
      verification.convergence = convergence
      verification.seed = seed
      verification.isLocal = url == nil
      verification.limits.answerTimeout = .seconds(10)
      verification.limits.idleTimeout = .seconds(url == nil ? 3 : 45)
      var report = try await verification.run {
        try await chaos.suffer(plan) { Self.tell($0) }
      } records: {
        try chaos.records()
      }
      watching.cancel()
      report.faults += await chaos.faults
      await chaos.stop()
      await group.stop()
      isWell = report.faults.isEmpty
      if !isWell { Self.tell("logs        \(chaos.ground.folder)") }
      return report
    } catch {
      await chaos.stop()
      await group.stop()
      throw error
    }
  }

  private static func tell(_ line: String) {
    _ = StandardOutput.write(Array("\(line)\n".utf8))
  }
}
