import FanfareServer
import Foundation
import Testing

/// `fanfare serve` as a process.
@Suite(.timeLimit(.minutes(10)))
struct ServeCommandTests {
  private static func start(_ arguments: [String] = []) async throws -> (FanfareProcess, String) {
    let process = try FanfareProcess(["serve", "--listen", "127.0.0.1:0"] + arguments)
    let line = try await process.errors.line(containing: "listening")
    let address = line.split(separator: " ").first { $0.hasPrefix("address=") }
    return (process, String(address?.dropFirst("address=".count) ?? ""))
  }

  @Test(arguments: [SIGTERM, SIGINT])
  func endsInGoodOrderAtASignal(signal: Int32) async throws {
    let (server, address) = try await Self.start(["--loops", "1"])
    let follower = try FanfareProcess(["follow", "a"], server: address)
    _ = try await follower.errors.line(containing: "attached a live")
    server.signal(signal)
    _ = try await follower.errors.line(containing: "# bye shutdown")
    #expect(try await server.status(within: .seconds(10)) == 0)
    follower.signal(SIGTERM)
    #expect(try await follower.status() == 0)
  }

  /// A follower that takes no byte keeps the server waiting; who is in a hurry sends a second
  /// signal.
  @Test func endsAtOnceAtASecondSignal() async throws {
    let (server, address) = try await Self.start()
    let follower = try FanfareProcess(["follow", "a"], server: address, readsOutput: false)
    _ = try await follower.errors.line(containing: "attached a live")
    follower.signal(SIGSTOP)
    let data = String(repeating: "x", count: 60_000)
    let line = #"{"channel":"a","type":"n","data":"\#(data)"}"# + "\n"
    let publisher = try FanfareProcess(
      ["publish", "-"], server: address, input: String(repeating: line, count: 200))
    #expect(try await publisher.status() == 0)
    server.signal(SIGTERM)
    try await Self.waitUntilRefused(address)
    server.signal(SIGTERM)
    #expect(try await server.status() == 128 + SIGTERM)
  }

  /// Once nobody listens any more, the first signal has been heeded.
  private static func waitUntilRefused(_ address: String) async throws {
    while true {
      let probe = try FanfareProcess(
        ["publish", "b", "n", "1", "--retry-for", "0"], server: address)
      if try await probe.status() != 0 { return }
    }
  }

  @Test func servesPublishersAndFollowers() async throws {
    let (server, address) = try await Self.start([
      "--log-format", "text", "--set", "history.bytes=1MiB",
    ])
    let follower = try FanfareProcess(
      ["follow", "a", "--count", "1", "--format", "data"], server: address)
    _ = try await follower.errors.line(containing: "attached a live")
    let publisher = try FanfareProcess(["publish", "a", "n", "42"], server: address)
    #expect(try await publisher.status() == 0)
    #expect(try await follower.status() == 0)
    #expect(follower.output.lines == ["42"])
    server.signal(SIGTERM)
    #expect(try await server.status() == 0)
  }

  @Test func tellsInOneLineThatThePortIsTaken() async throws {
    let (server, address) = try await CommandSandbox.server()
    let process = try FanfareProcess(["serve", "--listen", address])
    #expect(try await process.status() == 69)
    #expect(process.errors.lines.count == 1)
    #expect(process.errors.lines.first?.hasPrefix("fanfare: cannot listen: ") == true)
    #expect(process.errors.lines.first?.contains(address) == true)
    await server.stop()
  }

  @Test func refusesToBeReachedByOthers() async throws {
    let process = try FanfareProcess(["serve", "--listen", "0.0.0.0:0"])
    #expect(try await process.status() == 78)
    #expect(process.errors.lines.count == 1)
    #expect(process.errors.lines.first?.contains("--insecure") == true)
  }
}
