import FanfareRuntime
import FanfareServer
import FanfareTestKit
import Foundation
import Testing

/// `fanfare verify` as a process.
@Suite(.timeLimit(.minutes(10)))
struct VerifyCommandTests {
  @Test func aServerKeepsItsPromiseOverEachTransport() async throws {
    let (server, address) = try await CommandSandbox.server()
    let process = try FanfareProcess([
      "verify", "--node", "http://\(address)", "--seconds", "2", "--followers", "12",
      "--channels", "4",
    ])
    #expect(try await process.status() == 0, "\(process.output.lines) \(process.errors.lines)")
    #expect(process.output.lines.last == "the promise was kept")
    let published = try #require(process.output.lines.first { $0.hasPrefix("published ") })
    #expect(published.hasSuffix(" acknowledged, 0 failed"))
    #expect(!published.contains(" 0 acknowledged"))
    #expect(process.output.lines.contains("told        0 missed, 0 resets"))
    await server.stop()
  }

  @Test func saysWhereNobodyListens() async throws {
    let (server, address) = try await CommandSandbox.server()
    await server.stop()
    let (other, place) = try await CommandSandbox.server()
    let start = ContinuousClock.now
    let process = try FanfareProcess([
      "verify", "--node", "http://\(place)", "--node", "http://\(address)", "--seconds", "1",
    ])
    #expect(try await process.status() == 69)
    #expect(ContinuousClock.now - start < .seconds(10), "long before followers give up")
    #expect(process.errors.lines.count == 1)
    #expect(process.errors.lines[0].contains("http://\(address) does not answer"))
    await other.stop()
  }

  /// One that takes connections, and then says nothing.
  @Test func saysWhoIsSilent() async throws {
    let group = try LoopGroup.start(count: 1)
    let loop = group.loops[0]
    let place = try SocketAddress.resolve(host: "127.0.0.1", port: 0)
    let listener = await loop.run {
      let listener = try? Listener(place, on: loop, accepted: { _ in }, failed: { _ in })
      return LoopConfined(listener, to: loop)
    }
    let port = await loop.run { listener.get?.address?.port ?? 0 }
    let url = "http://127.0.0.1:\(port)"
    let start = ContinuousClock.now
    let process = try FanfareProcess(["verify", "--node", url, "--seconds", "1"])
    #expect(try await process.status() == 69)
    #expect(ContinuousClock.now - start < .seconds(10))
    #expect(process.errors.lines.count == 1 && process.errors.lines[0].contains(url))
    await group.stop()
  }

  @Test(arguments: [["--chaos", "--node", "http://127.0.0.1:1"], ["--nodes", "2"]])
  func refusesWhatDoesNotGoTogether(arguments: [String]) async throws {
    let process = try FanfareProcess(["verify"] + arguments)
    #expect(try await process.status() == 64)
  }

  @Test func aClusterKeepsItsPromiseWhileItIsBroken() async throws {
    let process = try FanfareProcess([
      "verify", "--chaos", "--nodes", "2", "--seconds", "8", "--followers", "20", "--channels", "5",
      "--seed", "4", "--convergence", "20",
    ])
    #expect(
      try await process.status(within: .seconds(90)) == 0,
      "\(process.output.lines) \(process.errors.lines)")
    #expect(process.output.lines.last == "the promise was kept")
    #expect(process.output.lines.contains { $0.contains("node ") && $0.contains(" s  ") })
    #expect(process.output.lines.contains { $0.contains("Redis") && $0.contains(" s  ") })
  }

  @Test(arguments: [SIGTERM, SIGKILL])
  func leavesNothingBehind(signal: Int32) async throws {
    let process = try FanfareProcess([
      "verify", "--chaos", "--nodes", "2", "--followers", "6", "--channels", "2",
    ])
    _ = try await process.output.line(containing: "seed 1")
    // One may be missing just now: that is what chaos does.
    var children: [Int32] = []
    let areAllThere = try await Deadline().holds {
      children = try Self.children(of: process.identifier)
      return children.count == 3
    }
    #expect(areAllThere, "\(children)")
    let folder = try #require(children.compactMap(Self.folder(of:)).first)
    #expect(FileManager.default.fileExists(atPath: folder))
    process.signal(signal)
    let status = try await process.status()
    if signal == SIGTERM { #expect(status == 128 + SIGINT) }
    let clock = ContinuousClock()
    let deadline = clock.now + .seconds(10)
    while children.contains(where: Self.isRunning), clock.now < deadline {
      try await Task.sleep(for: .milliseconds(20))
    }
    #expect(!children.contains(where: Self.isRunning))
    if signal == SIGTERM { #expect(!FileManager.default.fileExists(atPath: folder)) }
    try? FileManager.default.removeItem(atPath: folder)
  }

  /// Where a Redis has its files.
  private static func folder(of process: Int32) -> String? {
    // It writes its title over its arguments; its working directory is the one.
    let folder = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(process)/cwd")
    return folder.flatMap { $0.contains("fanfare-chaos-") ? $0 : nil }
  }

  private static func children(of process: Int32) throws -> [Int32] {
    let tasks = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task")
    return try tasks.flatMap { task in
      try String(contentsOfFile: "/proc/\(process)/task/\(task)/children", encoding: .utf8)
        .split(separator: " ").compactMap { Int32($0) }
    }
  }

  private static func isRunning(_ process: Int32) -> Bool {
    let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
    guard let text else { return false }
    return !text.contains(") Z ")
  }
}
