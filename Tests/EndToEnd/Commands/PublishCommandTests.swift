import FanfareActors
import FanfareRuntime
import FanfareServer
import FanfareTestKit
import Foundation
import Testing

/// `fanfare publish` as a process against a server in this one.
@Suite(.timeLimit(.minutes(10)))
struct PublishCommandTests {
  @Test func publishesOneEventFromItsArguments() async throws {
    let (server, address) = try await CommandSandbox.server()
    let process = try FanfareProcess(
      ["publish", "--print", "project:1", "agent_started", #"{"a": [1, 2]}"#], server: address)
    #expect(try await process.status() == 0)
    let events = try await CommandSandbox.events(of: "project:1", server, count: 1)
    #expect(events.map { String(decoding: $0.data, as: UTF8.self) } == [#"{"a": [1, 2]}"#])
    #expect(events.map(\.type) == [.agentStarted])
    #expect(process.output.lines == events.map(\.position.description))
    #expect(process.errors.lines == ["published 1 event to 1 channel"])
    await server.stop()
  }

  @Test func takesTheStandardInputForData() async throws {
    let (server, address) = try await CommandSandbox.server()
    let process = try FanfareProcess(
      ["publish", "project:1", "note"], server: address, input: "{\n  \"a\": 1\n}\n")
    #expect(try await process.status() == 0)
    let events = try await CommandSandbox.events(of: "project:1", server, count: 1)
    #expect(events.map { String(decoding: $0.data, as: UTF8.self) } == ["{\n  \"a\": 1\n}"])
    await server.stop()
  }

  @Test func refusesDataThatIsNotJSON() async throws {
    let process = try FanfareProcess(["publish", "project:1", "note", "1},{"])
    #expect(try await process.status() == 65)
    #expect(process.errors.lines.first?.hasPrefix("fanfare: the data is not JSON") == true)
  }

  @Test func publishesALargeFileByteForByte() async throws {
    let seed = UInt64.random(in: .min ... .max)
    var random = SeededGenerator(seed: seed)
    let channels = ["project:1", "project:2", "other"]
    var wanted: [String: [[UInt8]]] = [:]
    var file: [UInt8] = []
    for _ in 0..<5_000 {
      let channel = random.pick(channels)
      let data = Array(Self.value(&random, depth: 0).utf8)
      wanted[channel, default: []].append(data)
      let names = random.isOne(in: 3) || channel != "other"
      let member = names ? #""channel": "\#(channel)" ,"# : ""
      file += Array(#" { \#(member) "type":"t.\#(random.below(9))", "data" : "#.utf8) + data
      file += Array(random.isOne(in: 2) ? " }\r\n".utf8 : "}\n".utf8)
      if random.isOne(in: 50) { file += Array(" \n".utf8) }
    }
    file.removeLast()
    let (server, address) = try await CommandSandbox.server()
    try await CommandSandbox.withDirectory { directory in
      let path = directory.appendingPathComponent("events.ndjson")
      try Data(file).write(to: path)
      let process = try FanfareProcess(
        ["publish", "--file", path.path, "--channel", "other"], server: address)
      #expect(try await process.status(within: .seconds(90)) == 0, "seed \(seed)")
      #expect(process.errors.lines.last == "published 5000 events to 3 channels")
    }
    for (channel, data) in wanted {
      let events = try await CommandSandbox.events(of: channel, server, count: data.count)
      #expect(events.map(\.data) == data, "channel \(channel), seed \(seed)")
    }
    await server.stop()
  }

  /// JSON with the freedoms that a reencoder would take away.
  private static func value(_ random: inout SeededGenerator, depth: Int) -> String {
    switch random.below(depth > 2 ? 4 : 6) {
    case 0: return random.pick(["1", "-0", "1e2", "1.50", "12345678901234567890123"])
    case 1: return random.pick(["true", "null", "false"])
    case 2: return #""\#(random.text(of: "aé漢🎺 /", count: 0...40))""#
    case 3:
      return random.pick([#""\u0041\ud83d\ude00""#, #""\/\n\"""#, "\"\u{7f}\u{85}\u{2028}\""])
    case 4:
      let items = (0..<random.below(5)).map { _ in value(&random, depth: depth + 1) }
      return "[ " + items.joined(separator: " ,\t") + "]"
    default:
      let items = (0..<random.below(5)).map { index in
        #""k\#(index % 3)" :\#(value(&random, depth: depth + 1))"#
      }
      return "{" + items.joined(separator: ", ") + " }"
    }
  }

  @Test func namesTheLineThatIsNoEvent() async throws {
    let seed = UInt64.random(in: .min ... .max)
    var random = SeededGenerator(seed: seed)
    let (server, address) = try await CommandSandbox.server()
    let bad = random.int(1...2_400)
    let lines = (1...2_500).map { number in
      if number == bad {
        return random.pick(["{", "[]", #"{"type":"x"}"#, #"{"data":1,"type":""}"#])
      }
      return #"{"type":"n","data":\#(number)}"#
    }
    let process = try FanfareProcess(
      ["publish", "--stdin-lines", "--channel", "project:1"], server: address,
      input: lines.joined(separator: "\n"))
    #expect(try await process.status() == 65, "seed \(seed)")
    let errors = process.errors.lines
    #expect(errors.last?.hasPrefix("fanfare: standard input line \(bad): ") == true, "seed \(seed)")
    #expect(errors.first?.hasPrefix("published \(bad - 1) event") == true, "seed \(seed)")
    // What is published next is the event behind the last line before the bad one.
    let next = try await server.publish(.agentStarted, "0", to: "project:1")
    #expect(next.offset == UInt64(bad), "seed \(seed)")
    await server.stop()
  }

  /// What only the server can know is refused by it, with the number of the batch's line.
  @Test func namesTheLineThatTheServerRefuses() async throws {
    let (server, address) = try await CommandSandbox.server { $0.limits.eventDataBytesMax = 1_024 }
    var lines = (1...1_500).map { #"{"type":"n","data":\#($0)}"# }
    lines[1_233] = #"{"type":"n","data":"\#(String(repeating: "x", count: 1_100))"}"#
    let process = try FanfareProcess(
      ["publish", "-", "--channel", "project:1"], server: address,
      input: lines.joined(separator: "\n"))
    #expect(try await process.status() == 65)
    let last = process.errors.lines.last ?? ""
    #expect(last.hasPrefix("fanfare: standard input line 1234: Send at most 1024 bytes"), "\(last)")
    #expect(process.errors.lines.first == "published 1233 events to 1 channel")
    #expect(try await server.publish(.agentStarted, "0", to: "project:1").offset == 1_234)
    await server.stop()
  }

  @Test func dividesBatchesThatTheServerFindsTooLarge() async throws {
    let (server, address) = try await CommandSandbox.server { $0.limits.publishLinesMax = 7 }
    let lines = (1...100).map { #"{"channel":"a","type":"n","data":\#($0)}"# }
    let process = try FanfareProcess(
      ["publish", "-"], server: address, input: lines.joined(separator: "\n"))
    #expect(try await process.status() == 0)
    let events = try await CommandSandbox.events(of: "a", server, count: 100)
    #expect(events.map { String(decoding: $0.data, as: UTF8.self) } == (1...100).map(String.init))
    await server.stop()
  }

  /// A pipe that pauses is no reason to hold back what has come.
  @Test func publishesLinesAsTheyCome() async throws {
    let (server, address) = try await CommandSandbox.server()
    let process = try FanfareProcess(["publish", "--print", "-"], server: address, input: nil)
    for number in 1...3 {
      process.write(#"{"channel":"a","type":"n","data":\#(number)}"# + "\n")
      _ = try await process.output.line { $0.hasPrefix("\(number).") }
    }
    process.endInput()
    #expect(try await process.status() == 0)
    await server.stop()
  }

  @Test func tellsInOneLineThatNobodyListens() async throws {
    let (server, address) = try await CommandSandbox.server()
    await server.stop()
    let process = try FanfareProcess(
      ["publish", "a", "n", "1", "--retry-for", "0"], server: address)
    #expect(try await process.status() == 69)
    #expect(process.errors.lines == ["fanfare: cannot reach http://\(address): connection refused"])
  }

  /// The server is away when the command begins, and comes.
  @Test func waitsForAServerThatIsStarting() async throws {
    let (first, address) = try await CommandSandbox.server()
    await first.stop()
    let process = try FanfareProcess(["publish", "a", "n", "1"], server: address)
    _ = try await process.errors.line(containing: "trying again")
    let (second, _) = try await CommandSandbox.server(port: CommandSandbox.port(of: address))
    #expect(try await process.status() == 0)
    let events = try await CommandSandbox.events(of: "a", second, count: 1)
    #expect(events.map(\.position.offset) == [1])
    await second.stop()
  }
}
