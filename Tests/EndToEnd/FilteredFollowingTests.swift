import FanfareRuntime
import FanfareServer
import FanfareTestKit
import Testing

/// `types=` and several channels on one stream: what is left out still moves the cursor.
@Suite struct FilteredFollowingTests {
  @Test func filteredEventsMoveTheCursor() async throws {
    try await ServerUnderTest.run({ $0.limits.heartbeat = .seconds(1) }) { server in
      let stream = try server.stream("/channels/c/events?types=agent_*,done")
      _ = try stream.attached()
      let client = try server.connect()
      let types = ["x", "agent_a", "y", "done", "donex", "agent", "agent_b"]
      for type in types {
        #expect(try client.publish("/channels/c/events", type, "1").status == 201)
      }
      #expect(try stream.events(3).map(\.event) == ["agent_a", "done", "agent_b"])
      #expect(stream.cursor?.offset == 7)
      // Only events that are filtered: the next heartbeat tells, once.
      let before = stream.blocks.count
      for _ in 1...50 { _ = try client.publish("/channels/c/events", "z", "1") }
      while stream.cursor?.offset != 57 { _ = try stream.block() }
      let cursors = stream.blocks[before...].filter(\.isCursor)
      #expect(cursors.count <= 3, "\(cursors)")
      #expect(try stream.block().isComment)
      // A resume from there misses nothing and repeats nothing.
      let cursor = try #require(stream.cursor)
      _ = try client.publish("/channels/c/events", "done", "2")
      let again = try server.stream(
        "/channels/c/events?types=agent_*,done", ["Last-Event-ID: \(cursor)"])
      #expect(try again.attached().channels[0].replayed == 1)
      #expect(try again.events(1).map(\.data) == ["2"])
    }
  }

  @Test func aReplayThroughAFilterHandsOutOneCursor() async throws {
    try await ServerUnderTest.run({ $0.limits.heartbeat = .seconds(1) }) { server in
      let lines = (1...900).map { #"{"type":"\#($0 % 300 == 0 ? "b" : "a")","data":\#($0)}"# }
      #expect(try server.connect().publish(lines: lines, "/channels/c/events").status == 200)
      let stream = try server.stream("/channels/c/events?after=oldest&types=b")
      #expect(try stream.attached().channels[0].replayed == 900)
      #expect(try stream.events(3).map(\.data) == ["300", "600", "900"])
      #expect(try stream.block().isComment)
      // Pages of history are 32 events; a cursor for every one of them would be noise.
      #expect(stream.blocks.filter(\.isCursor).count <= 3)
      let none = try server.stream("/channels/c/events?after=oldest&types=none")
      _ = try none.attached()
      #expect(try none.block().id?.offset == 900)
      #expect(try none.block().isComment)
    }
  }

  @Test func severalChannelsAndTheirComposedCursor() async throws {
    try await ServerUnderTest.run { server in
      let target = "/events?channels=b,a,c"
      let stream = try server.stream(target)
      let attached = try stream.attached()
      #expect(attached.channels.map(\.channel) == ["b", "a", "c"])
      let cursors = attached.channels.map(\.position)
      #expect(stream.cursor == cursors.joined(separator: ","))
      let client = try server.connect()
      var expected: [String: [String]] = [:]
      for number in 1...60 {
        let channel = ["a", "b", "c"][number * number % 7 % 3]
        let answer = try client.publish("/channels/\(channel)/events", "t", "\(number)")
        #expect(answer.status == 201)
        expected[channel, default: []].append("\(number)")
      }
      var seen: [String: [String]] = [:]
      var middle: String?
      for (index, event) in try stream.events(60).enumerated() {
        let body: EventBody = try event.json()
        let place = try #require(["b", "a", "c"].firstIndex(of: body.channel))
        let positions = try #require(event.id).split(separator: ",").map(String.init)
        #expect(positions.count == 3)
        #expect(positions[place] == body.position)
        seen[body.channel, default: []].append(event.dataMember)
        if index == 29 { middle = event.id }
      }
      #expect(seen == expected)

      let again = try server.stream(target, ["Last-Event-ID: \(try #require(middle))"])
      let verdicts = try again.attached().channels
      #expect(verdicts.map(\.verdict) == ["resumed", "resumed", "resumed"])
      #expect(verdicts.compactMap(\.replayed).reduce(0, +) == 30)
      var rest: [String: [String]] = [:]
      for event in try again.events(30) {
        let body: EventBody = try event.json()
        rest[body.channel, default: []].append(event.dataMember)
      }
      let firstHalf = try stream.blocks.filter(\.isEvent).prefix(30).map { event in
        try event.json(EventBody.self).channel
      }
      for (channel, numbers) in expected {
        #expect(rest[channel] == Array(numbers.dropFirst(firstHalf.count { $0 == channel })))
      }
      #expect(again.cursor == stream.cursor)
    }
  }

  @Test func noneYetIsLive() async throws {
    try await ServerUnderTest.run { server in
      let client = try server.connect()
      for number in 1...3 { _ = try client.publish("/channels/a/events", "t", "\(number)") }
      _ = try client.publish("/channels/b/events", "t", "9")
      let first = try server.read("/channels/a/events?after=oldest").positions[0]
      let stream = try server.stream("/events?channels=a,b", ["Last-Event-ID: \(first),-"])
      let verdicts = try stream.attached().channels
      #expect(verdicts.map(\.verdict) == ["resumed", "live"])
      #expect(stream.cursor?.contains("-") == false)
      #expect(try stream.events(2).map(\.dataMember) == ["2", "3"])
      // Positions in another order than the channels are not a cursor of theirs.
      let swapped = try server.stream("/events?channels=b,a", ["Last-Event-ID: \(first),-"])
      #expect(try swapped.attached().channels.map(\.verdict) == ["reset", "reset"])
    }
  }

  @Test func whatCannotBeFollowed() async throws {
    try await ServerUnderTest.run { server in
      let many = (1...33).map { "c\($0)" }.joined(separator: ",")
      for (query, status) in [
        ("", 400), ("?channels=", 400), ("?channels=a,a", 400), ("?channels=a,", 400),
        ("?channels=a%20b", 400), ("?channels=a,b&after=1.abcdefgh", 400),
        ("?channels=\(many)", 422), ("?channels=a&channels=b", 400),
      ] {
        let answer = try server.ask("GET", "/events\(query)", ["Accept: text/event-stream"])
        #expect(answer.status == status, "\(query)")
      }
      let most = (1...32).map { "c\($0)" }.joined(separator: ",")
      let stream = try server.stream("/events?channels=\(most)")
      #expect(try stream.attached().channels.count == 32)
      #expect(try server.connect().publish("/channels/c32/events", "t", "1").status == 201)
      let event = try stream.events(1)[0]
      #expect(event.id?.split(separator: ",").count == 32)
      // The cursor of a full stream is accepted again.
      let again = try server.stream(
        "/events?channels=\(most)", ["Last-Event-ID: \(try #require(event.id))"])
      #expect(try again.attached().channels.allSatisfy { $0.replayed == 0 })
    }
  }
}

extension SSEBlock {
  /// The `data` member of a whole event, byte for byte.
  fileprivate var dataMember: String {
    let text = (data ?? "").components(of: #","data":"#).last ?? ""
    return text.components(of: #","time":""#)[0]
  }
}
