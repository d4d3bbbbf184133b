import ArgumentParser
import FanfareRuntime
import Foundation

/// The server beside the floor, in turn, scenario by scenario.
struct Compare: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "The server and the floor in turn, and how they compare.",
    discussion: """
      Without names every scenario is run. The exit code is 1 when an event was lost, came twice \
      or came out of order; a missed target is only printed.
      """)

  @Argument(help: "Scenarios: S1, S1w1, S2, S3, S3slow, S4, S4full, S5, S6, S7, S8, S8one, S8each.")
  var scenarios: [String] = []
  @Option(help: "Pairs of trials for each scenario and transport.")
  var runs = 5
  @Option(help: "Seconds measured in each trial.")
  var seconds = 1.0
  @Option(help: "How the followers follow: sse, websocket; both without it.")
  var transport: Transport?
  @Option(help: "The floor's executable.")
  var floor = ".build/release/fanfare-floor"
  @OptionGroup var server: ServerOptions

  func validate() throws {
    for name in scenarios where !Scenario.all.contains(where: { $0.name == name }) {
      throw ValidationError(
        "\(name) is no scenario; there are \(Scenario.all.map(\.name).joined(separator: ", ")).")
    }
    guard runs > 0, seconds > 0 else {
      throw ValidationError("--runs and --seconds must be more than 0.")
    }
  }

  func run() async throws {
    var comparisons: [Comparison] = []
    say("descriptor limit \(ProcessStatistics.raiseDescriptorLimit()), \(loadAverage)\n")
    say(Comparison.header)
    for scenario in Scenario.all where scenarios.isEmpty || scenarios.contains(scenario.name) {
      for transport in Transport.allCases {
        if let only = self.transport, transport != only { continue }
        // Nobody follows: the transport is nothing.
        if scenario.trial.followers == 0, transport != .sse, self.transport == nil { continue }
        let comparison = await compare(scenario, transport)
        say(comparison.rows)
        comparisons.append(comparison)
      }
    }
    say("\(loadAverage)\n")
    for comparison in comparisons { say(comparison.json) }
    if comparisons.contains(where: { !$0.faults.isEmpty }) { throw ExitCode(1) }
  }

  private func compare(_ scenario: Scenario, _ transport: Transport) async -> Comparison {
    var trial = scenario.trial
    trial.transport = transport
    trial.measured = .milliseconds(Int64(seconds * 1000))
    var bare = server
    bare.server = floor
    bare.dialect = .fanfare
    bare.configuration = nil
    bare.serverArguments = "--port {port}" + (scenario.isFloorBatching ? " --batch" : "")
    var pairs: [Comparison.Pair] = []
    var failure: String?
    do {
      for run in 0..<runs {
        // Each goes first as often as the other.
        if run % 2 == 0 {
          let ours = try await trial.run(server)
          pairs.append(.init(server: ours, floor: try await trial.run(bare)))
        } else {
          let floor = try await trial.run(bare)
          pairs.append(.init(server: try await trial.run(server), floor: floor))
        }
      }
    } catch {
      failure = "\(error)"
    }
    return Comparison(
      scenario: scenario, transport: transport, name: server.name ?? server.dialect.rawValue,
      pairs: pairs,
      failure: failure)
  }

  private var loadAverage: String {
    let data = FileManager.default.contents(atPath: "/proc/loadavg") ?? Data()
    let words = String(decoding: data, as: UTF8.self).split(separator: " ").prefix(3)
    return "load average \(words.joined(separator: " "))"
  }

  private func say(_ text: String) { StandardError.writeOutput(Array(text.utf8)) }
}
