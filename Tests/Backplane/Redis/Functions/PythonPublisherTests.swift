import FanfareActors
import FanfareRuntime
import FanfareTestKit
import Foundation
import Testing

@testable import FanfareBackplane

/// The example in Python publishes and reads beside the nodes.
@Suite struct PythonPublisherTests {
  private static let script = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Examples/redis_publish.py").path

  private func run(
    _ server: RedisServer, _ arguments: String...
  ) throws -> (status: Int32, output: String) {
    let output = FileManager.default.temporaryDirectory
      .appending(path: "fanfare-python-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: output) }
    let process = try Subprocess(
      [
        "/usr/bin/python3", Self.script, "--url", "redis://127.0.0.1:\(server.port)/0", "--prefix",
        "p:",
      ]
        + arguments,
      openings: [1: .appending(output.path), 2: .appending(output.path)])
    guard case .status(let status) = process.waitForEnding() else { return (-1, "no status") }
    return (status, try String(contentsOf: output, encoding: .utf8))
  }

  @Test func publishesReadsAndWorks() async throws {
    let functions = RedisFunctions(keys: RedisKeys(prefix: "p:"))
    let channel = try #require(ChannelName("project:42"))
    let server = try await RedisServer.start()
    let redis = try RedisServerUnderTest(server)
    try redis.load(functions)
    let early = try run(server, "publish", "project:42", "t", "1")
    #expect(early.status == 1 && early.output == "not published: GENERATION -\n")

    let candidate = try #require(Generation("gen00"))
    let settings = LogSettings(
      historyEventsMax: 10, ttl: .seconds(60), metaTTL: .seconds(600), firehoseEventsMax: 100)
    let join = functions.join(
      candidate: candidate, run: "r", isDurable: false, mode: .streams, defaults: settings)
    let generation = try RedisFunctions.joined(redis.run(join)).generation
    try redis.subscribe(functions.keys.feed(channel))

    let data = "{\"text\":\"h\u{e9}llo\"}"
    let first = try run(server, "publish", "project:42", "note", data, "--key", "k")
    let message = try FeedMessage(redis.nextMessage().payload, in: channel)
    #expect(first.output == "\(message.first)\n")
    #expect(message.drafts.map(\.data) == [Array(data.utf8)])
    let again = try run(server, "publish", "project:42", "note", data, "--key", "k")
    #expect(again.output == "\(message.first) (repeated)\n")
    let other = try run(server, "publish", "project:42", "note", "2", "--key", "k")
    #expect(other.status == 1 && other.output.contains("MISMATCH"))
    let spoilt = try run(server, "publish", "project:42", "note", "{")
    #expect(spoilt.status == 1 && spoilt.output.contains("INVALID the data of event 1"))

    // What a node publishes is read by others, and the other way round.
    _ = try redis.publish(functions, ["7"], to: channel, in: generation)
    let page = try redis.read(functions, channel, from: 1, in: generation)
    #expect(page.events.map(\.data) == [Array(data.utf8), Array("7".utf8)])
    let lines = try run(server, "read", "project:42").output.split(separator: "\n")
    #expect(lines.count == 2)
    #expect(lines.last?.contains("\"place\": \"2\"") == true)
    #expect(lines.last?.contains("\"data\": 7") == true)
    #expect(
      try run(server, "read", "project:42", "--after", "1").output.split(separator: "\n").count == 1
    )

    let work = try run(server, "work", "project", "group", "worker", "--count", "2")
    #expect(work.status == 0)
    #expect(work.output.contains("\"place\": \"\(page.events[1].position)\""))
    let none = try run(
      server, "work", "project", "group", "other", "--count", "1", "--wait", "1")
    #expect(none.status == 1 && none.output == "only 0 events came\n")
  }
}
