import ArgumentParser
import FanfareRuntime
import FanfareServer

/// `fanfare verify-worker`: one worker of `fanfare verify --jobs`, which starts and ends it.
struct VerifyWorkerCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify-worker", abstract: "A worker of verify --jobs.", shouldDisplay: false)

  @Option var url: String
  @Option var name: String
  @Option var queue: String
  @Option var task: String
  @Option var seed: UInt64
  /// In milliseconds.
  @Option var lease: Int64

  func run() async throws {
    try await CommandFailure.telling {
      let worker = VerifyWorker(
        name, queue: queue, task: task, at: try ServerURL(url), seed: seed,
        lease: .milliseconds(lease), hands: ChaosJobs.hands)
      try await worker.run { _ = StandardOutput.write(Array($0.utf8)) }
    }
  }
}
