import ArgumentParser
import FanfareRuntime
import FanfareServer
import Glibc

/// A verification of a cluster that is broken meanwhile.
struct ChaosRun {
  let nodes: Int
  let durability: ChaosDurability
  /// How long things are broken, with what is between.
  let duration: Duration
  /// Decides what breaks.
  let seed: UInt64

  /// Starts the cluster, verifies and breaks it, and ends it. SIGTERM and SIGINT end it early.
  func verify(
    _ verification: Verification
  ) async throws -> Verification.Report {
    let work = Task { try await broken(verification) }
    await StopSignals().watch { work.cancel() }
    let outcome = await work.result
    if work.isCancelled { throw ExitCode(128 + SIGINT) }
    return try outcome.get()
  }

  private func broken(
    _ verification: Verification
  ) async throws -> Verification.Report {
    // The cluster lives and dies with this loop's thread.
    let group = try LoopGroup.start(count: 1)
    let cluster = try ChaosCluster(nodes: nodes, durability, on: group.loops[0])
    var isWell = false
    defer { if isWell || Task.isCancelled { cluster.ground.clean() } }
    do {
      try await cluster.start()
      let plan = ChaosPlan(seed: seed, nodes: nodes, duration: duration)
      Self.tell("seed \(seed), \(nodes) nodes, appendfsync \(durability.rawValue)")
      var verification = verification
      verification.nodes = cluster.urls
      // Three heartbeats of the nodes.
      verification.limits.idleTimeout = .seconds(3)
      var report = try await verification.run {
        try await cluster.suffer(plan) { Self.tell($0) }
      }
      report.faults += await cluster.faults
      if durability == .always, report.missed == 0, report.lost > 0 {
        report.faults.append(
          "\(report.lost) acknowledged events were lost, although Redis syncs always")
      }
      await cluster.stop()
      await group.stop()
      isWell = report.faults.isEmpty
      if !isWell { Self.tell("logs        \(cluster.ground.folder)") }
      return report
    } catch {
      await cluster.stop()
      await group.stop()
      throw error
    }
  }

  private static func tell(_ line: String) {
    _ = StandardOutput.write(Array("\(line)\n".utf8))
  }
}
