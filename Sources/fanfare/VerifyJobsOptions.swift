import ArgumentParser
import FanfareActors
import FanfareRuntime
import FanfareServer

/// What `fanfare verify --jobs` takes besides.
struct VerifyJobsOptions: ParsableArguments {
  @Flag(help: "Check what is promised about jobs, with workers that are killed and paused.")
  var jobs = false

  @Option(
    help: ArgumentHelp("With --jobs: how many. (default: 500; 10000 with --chaos)", valueName: "n"))
  var count: Int?

  @Option(help: ArgumentHelp("With --jobs: worker processes. (default: 4)", valueName: "n"))
  var workers: Int?

  @Option(
    help: ArgumentHelp(
      "With --jobs: their queue on a server that is there. (default: agent_queue)",
      valueName: "queue"))
  var queue: String?

  @Option(
    help: ArgumentHelp(
      "With --jobs --chaos: how long a lease lasts. (default: 2)", valueName: "seconds"))
  var lease: Double?

  func validate() throws {
    guard jobs || count == nil && workers == nil && queue == nil && lease == nil else {
      throw ValidationError("--count, --workers, --queue and --lease go with --jobs")
    }
    guard (1...1_000_000).contains(count ?? 1), (1...100).contains(workers ?? 1),
      (0.1...3_600).contains(lease ?? 1)
    else {
      throw ValidationError("--count and --workers count from 1, --lease from 0.1")
    }
    if let queue, QueueName(queue) == nil { throw ValidationError("\(queue): \(QueueName.rule)") }
  }

  /// A run of the checker.
  ///
  /// - Parameter server: a server that is there; nil starts one.
  func plan(
    _ server: ServerURL?, seconds: Int?, convergence: Int?, seed: UInt64
  ) async throws -> JobsPlan {
    let queue = queue ?? (server == nil ? "verify_queue" : "agent_queue")
    let lease =
      if let server { try await lease(of: queue, at: server) } else {
        Duration.milliseconds(Int64((self.lease ?? 2) * 1_000))
      }
    return JobsPlan(
      url: server, queue: queue, jobs: count ?? (server == nil ? 10_000 : 500),
      workers: workers ?? 4,
      duration: .seconds(seconds ?? 60),
      convergence: convergence.map { .seconds($0) } ?? max(.seconds(60), lease * 6), lease: lease,
      seed: seed)
  }

  private func lease(of queue: String, at server: ServerURL) async throws -> Duration {
    let group = try LoopGroup.start(count: 1)
    let client = VerifyClient(server, on: group.loops[0])
    do {
      let lease = try await client.lease(of: queue)
      await client.close()
      await group.stop()
      return lease
    } catch {
      await group.stop()
      throw error
    }
  }

  /// What was found, in lines.
  static func lines(_ report: JobVerification.Report) -> [String] {
    var lines = [
      "accepted    \(report.accepted) jobs; \(report.again) requests were made again",
      "leases      \(report.leases); "
        + "\(report.fenced) writes fenced, \(report.revived) jobs revived",
      "heard       \(report.heard) events; "
        + "\(report.unheard) lost with logs, \(report.resets) resets",
    ]
    if let converged = report.converged {
      lines.append("converged   \(SecondsText.of(converged)) after the last fault")
    }
    return lines
  }
}
