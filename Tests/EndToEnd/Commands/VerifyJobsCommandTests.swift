import FanfareActors
import FanfareServer
import Foundation
import Testing

/// `fanfare verify --jobs` as a process.
@Suite(.timeLimit(.minutes(10)))
struct VerifyJobsCommandTests {
  @Test(arguments: [UInt64.random(in: 1...1_000_000)])
  func jobsAreDoneOnceWhileServerAndWorkersAreKilled(seed: UInt64) async throws {
    let process = try FanfareProcess([
      "verify", "--jobs", "--chaos", "--count", "300", "--seconds", "6", "--workers", "3",
      "--lease", "1", "--seed", "\(seed)",
    ])
    let status = try await process.status(within: .seconds(120))
    let lines = process.output.lines
    #expect(status == 0, "seed \(seed): \(lines) \(process.errors.lines)")
    #expect(lines.last == "the promise was kept")
    #expect(lines.contains { $0.hasPrefix("accepted    300 jobs") }, "\(lines)")
    #expect(lines.contains { $0.contains(" s  node ") }, "\(lines)")
    #expect(lines.contains { $0.contains(" s  worker ") }, "\(lines)")
  }

  @Test func aServerThatIsThereKeepsItsPromiseWhileWorkersAreKilled() async throws {
    try await CommandSandbox.withDirectory { directory in
      let (server, address) = try await CommandSandbox.server { settings in
        settings.jobs.store = .sqlite
        settings.jobs.path = directory.appendingPathComponent("jobs.sqlite").path
        var queue = QueueSettings(prefetch: 4, concurrency: 16)
        queue.lease = .seconds(1)
        settings.queues = [QueueName(checked: "agent_queue"): queue]
      }
      let process = try FanfareProcess([
        "verify", "--jobs", "--node", "http://\(address)", "--count", "100", "--seconds", "3",
        "--workers", "2",
      ])
      let status = try await process.status(within: .seconds(120))
      #expect(status == 0, "\(process.output.lines) \(process.errors.lines)")
      #expect(process.output.lines.contains { $0.hasSuffix(" 0 lost with logs, 0 resets") })
      await server.stop()
    }
  }

  @Test(arguments: [
    ["--jobs", "--nodes", "2"], ["--jobs", "--followers", "2"], ["--workers", "2"],
    ["--jobs", "--queue", "a b"],
  ])
  func refusesWhatDoesNotGoTogether(arguments: [String]) async throws {
    let process = try FanfareProcess(["verify"] + arguments)
    #expect(try await process.status() == 64)
  }

  @Test func saysWhereNobodyListens() async throws {
    let (server, address) = try await CommandSandbox.server()
    await server.stop()
    let process = try FanfareProcess(["verify", "--jobs", "--node", "http://\(address)"])
    #expect(try await process.status() == 69)
    #expect(process.errors.lines.count == 1)
  }
}
