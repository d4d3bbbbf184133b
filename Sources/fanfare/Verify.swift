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

      EXAMPLES:
        fanfare verify
        fanfare verify --node http://10.0.0.1:8080 --node http://10.0.0.2:8080 --seconds 60
      """)

  @Option(
    name: .customLong("node"),
    help: ArgumentHelp(
      "A node's URL; several times for several. Without it \(ServerURL.defaultText).",
      valueName: "url"))
  var nodes: [String] = []

  @Option(help: ArgumentHelp("How long events are published.", valueName: "n"))
  var seconds = 10

  @Option(help: ArgumentHelp("Channels.", valueName: "n"))
  var channels = 10

  @Option(help: ArgumentHelp("Followers, over all nodes and transports.", valueName: "n"))
  var followers = 30

  @Option(help: ArgumentHelp("Events a second.", valueName: "n"))
  var rate = 100.0

  @Option(
    help: ArgumentHelp("How long the last event may take to be everywhere.", valueName: "seconds"))
  var convergence = 5

  @Option(help: ArgumentHelp("Decides who follows what.", valueName: "n"))
  var seed: UInt64 = 1

  func validate() throws {
    guard (1...86_400).contains(seconds), (1...10_000).contains(channels),
      (1...10_000).contains(followers), rate > 0, rate <= 100_000,
      (1...3_600).contains(convergence)
    else {
      throw ValidationError(
        "--seconds, --channels, --followers, --rate and --convergence count from 1")
    }
  }

  func run() async throws {
    try await CommandFailure.telling {
      ProcessStatistics.raiseDescriptorLimit()
      var verification = Verification(
        nodes: try (nodes.isEmpty ? [ServerURL.defaultText] : nodes).map { try ServerURL($0) })
      verification.channels = channels
      verification.followers = followers
      verification.rate = rate
      verification.duration = .seconds(seconds)
      verification.convergence = .seconds(convergence)
      verification.seed = seed
      let report = try await verification.run()
      Self.tell(report)
      if !report.faults.isEmpty { throw ExitCode(1) }
    }
  }

  private static func tell(_ report: Verification.Report) {
    var lines = [
      "published   \(report.acknowledged) acknowledged, \(report.unknown) failed",
      "delivered   \(report.delivered)",
      "told        \(report.missed) missed, \(report.resets) resets",
      "reconnects  \(report.reconnects)",
    ]
    if let converged = report.converged {
      lines.append("converged   \(SecondsText.of(converged)) after the last event")
    }
    lines += report.faults.prefix(20).map { "FAILED: \($0)" }
    lines.append(report.faults.isEmpty ? "the promise was kept" : "the promise was broken")
    _ = StandardOutput.write(Array((lines.joined(separator: "\n") + "\n").utf8))
  }
}
