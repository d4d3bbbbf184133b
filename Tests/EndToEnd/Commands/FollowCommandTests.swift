import FanfareActors
import FanfareServer
import Foundation
import Testing

/// `fanfare follow` as a process against a server in this one.
@Suite(.timeLimit(.minutes(10)))
struct FollowCommandTests {
  @Test func printsEachFormat() async throws {
    let (server, address) = try await CommandSandbox.server()
    let position = try await server.publish(.agentStarted, "{\"a\":\n [1]}", to: "project:1")
    let base = ["follow", "project:1", "--after", "oldest", "--count", "1", "--format"]
    let json = try FanfareProcess(base + ["json"], server: address)
    #expect(try await json.status() == 0)
    let line = json.output.lines.first ?? ""
    let start = #"{"channel":"project:1","position":"\#(position)","type":"agent_started","#
    #expect(line.hasPrefix(start + #""data":{"a":  [1]},"time":""#), "\(line)")
    #expect(
      json.errors.lines == ["# attached project:1 resumed, 1 replayed, at 0.\(position.epoch)"])
    let data = try FanfareProcess(base + ["data"], server: address)
    #expect(try await data.status() == 0)
    #expect(data.output.lines == [#"{"a":  [1]}"#])
    let pretty = try FanfareProcess(base + ["pretty"], server: address)
    #expect(try await pretty.status() == 0)
    #expect(pretty.output.lines.first?.hasSuffix(#"Z project:1 agent_started {"a":  [1]}"#) == true)
    await server.stop()
  }

  @Test func followsSeveralChannelsAndTypes() async throws {
    let (server, address) = try await CommandSandbox.server()
    for channel in ["a", "b", "c"] {
      try await server.publish(.agentStarted, #""\#(channel)""#, to: channel)
      try await server.publish(.issueCreated, #""\#(channel)""#, to: channel)
    }
    let process = try FanfareProcess(
      [
        "follow", "a", "b", "--last", "5", "--types", "issue_*,x", "--format", "data", "--count",
        "2",
      ],
      server: address)
    #expect(try await process.status() == 0)
    #expect(process.output.lines.sorted() == [#""a""#, #""b""#])
    await server.stop()
  }

  @Test func isToldResetOnceAfterTheServerWasRestarted() async throws {
    let (first, address) = try await CommandSandbox.server()
    try await first.publish(.agentStarted, "1", to: "a")
    let process = try FanfareProcess(
      ["follow", "a", "--after", "oldest", "--format", "data"], server: address)
    _ = try await process.output.line { $0 == "1" }
    await first.stop()
    _ = try await process.errors.line(containing: "# apart")
    let (second, _) = try await CommandSandbox.server(port: CommandSandbox.port(of: address))
    _ = try await process.errors.line(containing: "attached a reset")
    for number in 2...9 { try await second.publish(.agentStarted, "\(number)", to: "a") }
    _ = try await process.output.line { $0 == "9" }
    process.signal(SIGTERM)
    #expect(try await process.status() == 0)
    #expect(process.output.lines == (1...9).map(String.init))
    #expect(process.errors.lines.count { $0.contains("reset") } == 1)
    #expect(process.errors.lines.contains("# bye shutdown"))
    await second.stop()
  }

  @Test func resumesFromItsCursorFileAfterATerm() async throws {
    let (server, address) = try await CommandSandbox.server()
    try await CommandSandbox.withDirectory { directory in
      let file = directory.appendingPathComponent("cursor").path
      let arguments = ["follow", "a", "b", "--cursor-file", file, "--format", "data"]
      var seen: [String] = []
      for round in 0..<4 {
        let process = try FanfareProcess(arguments, server: address)
        _ = try await process.errors.line(
          containing: "attached b " + (round == 0 ? "live" : "resumed"))
        for number in 0..<50 {
          try await server.publish(
            .agentStarted, "\(round * 100 + number)", to: number % 3 == 0 ? "b" : "a")
        }
        // Ended in the middle of its work: whatever it has printed, it has kept.
        _ = try await process.output.line { $0 == "\(round * 100 + 20)" }
        process.signal(SIGTERM)
        #expect(try await process.status() == 0)
        seen += process.output.lines
      }
      let rest = try FanfareProcess(arguments + ["--for", "1"], server: address)
      #expect(try await rest.status() == 0)
      seen += rest.output.lines
      let wanted = (0..<4).flatMap { round in (0..<50).map { round * 100 + $0 } }
      #expect(seen.compactMap(Int.init).sorted() == wanted)
    }
    await server.stop()
  }

  @Test func missesNothingAfterAKill() async throws {
    let (server, address) = try await CommandSandbox.server()
    try await CommandSandbox.withDirectory { directory in
      let file = directory.appendingPathComponent("cursor").path
      let arguments = ["follow", "a", "--cursor-file", file, "--format", "data"]
      let process = try FanfareProcess(arguments, server: address)
      _ = try await process.errors.line(containing: "attached a live")
      for number in 1...2 {
        try await server.publish(.agentStarted, "\(number)", to: "a")
        _ = try await process.output.line { $0 == "\(number)" }
      }
      // The second was printed after the cursor of the first was kept.
      process.signal(SIGKILL)
      _ = try await process.status()
      try await server.publish(.agentStarted, "3", to: "a")
      let again = try FanfareProcess(arguments, server: address)
      _ = try await again.output.line { $0 == "3" }
      #expect([["2", "3"], ["3"]].contains(again.output.lines))
      again.signal(SIGINT)
      #expect(try await again.status() == 0)
    }
    await server.stop()
  }

  @Test func leavesAFileAloneThatHoldsNoCursor() async throws {
    try await CommandSandbox.withDirectory { directory in
      let file = directory.appendingPathComponent("notes.txt")
      try Data("Dear diary\n".utf8).write(to: file)
      let process = try FanfareProcess(["follow", "a", "--cursor-file", file.path])
      #expect(try await process.status() == 65)
      #expect(try Data(contentsOf: file) == Data("Dear diary\n".utf8))
    }
  }

  @Test func endsWhenItsOutputIsClosedThoughNothingComes() async throws {
    let (server, address) = try await CommandSandbox.server()
    let process = try FanfareProcess(["follow", "a"], server: address, readsOutput: false)
    _ = try await process.errors.line(containing: "attached a live")
    process.closeOutput()
    #expect(try await process.status() == 0)
    await server.stop()
  }

  @Test func endsWhenItsReaderDoesNotRead() async throws {
    let (server, address) = try await CommandSandbox.server()
    let process = try FanfareProcess(
      ["follow", "a"], server: address, readsOutput: false)
    _ = try await process.errors.line(containing: "attached a live")
    let data = "\"" + String(repeating: "x", count: 60_000) + "\""
    for _ in 0..<10 { try await server.publish(.agentStarted, data, to: "a") }
    process.signal(SIGTERM)
    #expect(try await process.status() == 0)
    await server.stop()
  }

  @Test func triesAgainWhileNobodyListens() async throws {
    let (server, address) = try await CommandSandbox.server()
    await server.stop()
    let process = try FanfareProcess(["follow", "a"], server: address)
    let line = try await process.errors.line(containing: "connecting again")
    #expect(line.hasPrefix("# apart: cannot reach http://\(address): connection refused; "))
    process.signal(SIGTERM)
    #expect(try await process.status() == 0)
  }

  @Test func tellsARefusalInOneLine() async throws {
    let (server, address) = try await CommandSandbox.server()
    let process = try FanfareProcess(["follow", "a", "--after", "nonsense"], server: address)
    #expect(try await process.status() == 65)
    #expect(process.errors.lines.count == 1)
    #expect(process.errors.lines.first?.hasPrefix("fanfare: the server refused (400): ") == true)
    let secure = try FanfareProcess(["follow", "a", "--url", "https://example.com"])
    #expect(try await secure.status() == 64)
    #expect(secure.errors.lines.count == 1)
    await server.stop()
  }
}
