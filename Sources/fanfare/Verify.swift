import ArgumentParser
import FanfareRuntime
import FanfareServer

/// `fanfare verify`.
struct Verify: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Check that a server, or every node of a cluster, keeps its promise.",
    discussion: """
      It publishes to channels of its own (verify:…) through every node, follows them on every \
      node over Server-Sent Events, WebSocket and long poll, going from node to node where a \
      connection ends, and checks that every follower got every acknowledged event once and in \
      order, or was told exactly what it missed, and that all saw the same.

      Exit status 0: the promise was kept. 1: it was not; each line says where. Restart nodes, \
      cut connections, kill Redis meanwhile: that is what it is for.

      With --chaos it starts a Redis and nodes of its own, and kills, pauses and cuts them at \
      random while events are published; the same seed breaks the same things at the same times. \
      It needs redis-server and redis-cli in PATH.

      With --jobs it checks what is promised about jobs instead: it enqueues them, starts workers, \
      kills and pauses those at random, and checks that every accepted job succeeded once, that \
      nobody wrote under a lease that was another's, and that all events were told in order. With \
      --chaos beside it, it starts a server of its own and kills that too.

      EXAMPLES:
        fanfare verify
        fanfare verify --chaos --durability everysec --seed 7
        fanfare verify --node http://10.0.0.1:8080 --node http://10.0.0.2:8080 --seconds 60
        fanfare verify --jobs --chaos --seed 7
      """)

  @Option(
    name: .customLong("node"),
    help: ArgumentHelp(
      "A node's URL; several times for several. Without it \(ServerURL.defaultText).",
      valueName: "url"))
  var nodes: [String] = []

  @Flag(help: "Start a Redis and nodes of its own, and break them meanwhile.")
  var chaos = false

  @Option(
    name: .customLong("nodes"),
    help: ArgumentHelp("With --chaos: how many nodes are started. (default: 3)", valueName: "n"))
  var nodeCount: Int?

  @Option(
    help: ArgumentHelp(
      "With --chaos: what Redis keeps when it dies: always (all), everysec or none. "
        + "(default: always)", valueName: "kind"))
  var durability: ChaosDurability?

  @Option(
    help: ArgumentHelp(
      "How long events or jobs come in. (default: 10; 60 with --chaos or --jobs)", valueName: "n"))
  var seconds: Int?

  @Option(help: ArgumentHelp("Channels. (default: 10; 30 with --chaos)", valueName: "n"))
  var channels: Int?

  @Option(
    help: ArgumentHelp(
      "Followers, over all nodes and transports. (default: 30; 300 with --chaos)", valueName: "n"))
  var followers: Int?

  @Option(help: ArgumentHelp("Events a second.", valueName: "n"))
  var rate = 100.0

  @Option(
    help: ArgumentHelp(
      "How long after the last event, or fault, all may take to be everywhere, or jobs to end. "
        + "(default: 5; 60 or 6 leases with --jobs)", valueName: "seconds"))
  var convergence: Int?

  @Option(help: ArgumentHelp("Decides who follows what, and what breaks.", valueName: "n"))
  var seed: UInt64 = 1

  @OptionGroup var work: VerifyJobsOptions

  func validate() throws {
    guard (1...86_400).contains(seconds ?? 1), (1...10_000).contains(channels ?? 1),
      (1...10_000).contains(followers ?? 1), rate > 0, rate <= 100_000,
      (1...3_600).contains(convergence ?? 1), (1...100).contains(nodeCount ?? 1)
    else {
      throw ValidationError(
        "--seconds, --channels, --followers, --rate, --convergence and --nodes count from 1")
    }
    if chaos, !nodes.isEmpty {
      throw ValidationError("--chaos starts nodes of its own; leave --node out")
    }
    if !chaos || work.jobs, nodeCount != nil || durability != nil {
      throw ValidationError("--nodes and --durability go with --chaos, without --jobs")
    }
    if work.jobs, nodes.count > 1 || channels != nil || followers != nil {
      throw ValidationError("--jobs takes one --node, and neither --channels nor --followers")
    }
  }

  func run() async throws {
    try await CommandFailure.telling {
      ProcessStatistics.raiseDescriptorLimit()
      if work.jobs { return try await verifyJobs() }
      let report: Verification.Report
      if chaos {
        let run = ChaosRun(
          nodes: nodeCount ?? 3, durability: durability ?? .always,
          duration: .seconds(seconds ?? 60), seed: seed)
        report = try await run.verify(verification([]))
      } else {
        let urls = nodes.isEmpty ? [ServerURL.defaultText] : nodes
        report = try await verification(try urls.map { try ServerURL($0) }).run()
      }
      try Self.tell(Self.lines(report, chaos ? "fault" : "event"), report.faults)
    }
  }

  private func verifyJobs() async throws {
    let server = chaos ? nil : try ServerURL(nodes.first ?? ServerURL.defaultText)
    let plan = try await work.plan(
      server, seconds: seconds, convergence: convergence, seed: seed)
    let report = try await plan.verify()
    try Self.tell(VerifyJobsOptions.lines(report), report.faults)
  }

  private func verification(_ nodes: [ServerURL]) -> Verification {
    var verification = Verification(nodes: nodes)
    verification.channels = channels ?? (chaos ? 30 : 10)
    verification.followers = followers ?? (chaos ? 300 : 30)
    verification.rate = rate
    verification.duration = .seconds(seconds ?? 10)
    verification.convergence = .seconds(convergence ?? 5)
    verification.seed = seed
    return verification
  }

  private static func lines(_ report: Verification.Report, _ last: String) -> [String] {
    var lines = [
      "published   \(report.acknowledged) acknowledged, \(report.unknown) failed",
      "delivered   \(report.delivered)",
      "told        \(report.missed) missed, \(report.resets) resets",
      "lost        \(report.lost) acknowledged",
      "reconnects  \(report.reconnects)",
    ]
    if let converged = report.converged {
      lines.append("converged   \(SecondsText.of(converged)) after the last \(last)")
    }
    return lines
  }

  /// Writes what was found; the process fails where something was wrong.
  private static func tell(_ lines: [String], _ faults: [String]) throws {
    var lines = lines
    lines += faults.prefix(20).map { "FAILED: \($0)" }
    if faults.count > 20 { lines.append("FAILED: \(faults.count - 20) more") }
    lines.append(faults.isEmpty ? "the promise was kept" : "the promise was broken")
    _ = StandardOutput.write(Array((lines.joined(separator: "\n") + "\n").utf8))
    if !faults.isEmpty { throw ExitCode(1) }
  }
}
