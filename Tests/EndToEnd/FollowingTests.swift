import FanfareActors
import FanfareRuntime
import FanfareServer
import FanfareTestKit
import Testing

/// Following over Server-Sent Events: what a stream looks like, and what its verdicts promise.
@Suite struct FollowingTests {
  private static func small(_ settings: inout Settings) {
    settings.namespaceDefaults.historyEventsMax = 5
    settings.limits.mailboxEventsMax = 16
  }

  @Test func theHeadAndTheFirstBlocksAreExact() async throws {
    try await ServerUnderTest.run { server in
      let stream = try server.stream("/channels/c/events")
      #expect(stream.head.statusLine == "HTTP/1.1 200 OK")
      #expect(stream.head["content-type"] == "text/event-stream")
      #expect(stream.head["cache-control"] == "no-cache, no-store, no-transform")
      #expect(stream.head["x-accel-buffering"] == "no")
      #expect(stream.head["content-length"] == nil)
      #expect(stream.head["transfer-encoding"] == nil)
      let attached = try stream.attached()
      #expect(attached.channels.map(\.channel) == ["c"])
      #expect(attached.channels[0].verdict == "live")
      #expect(attached.channels[0].position.hasPrefix("0."))
      #expect(stream.cursor == attached.channels[0].position)
      _ = try server.connect().publish("/channels/c/events", "agent_x", #"{"a":1}"#)
      let event = try stream.block()
      #expect(event.event == "agent_x")
      #expect(event.data == #"{"a":1}"#)
      #expect(event.id?.offset == 1)
    }
  }

  @Test func everyVerdictIsProducedForReal() async throws {
    try await ServerUnderTest.run(Self.small) { server in
      let client = try server.connect()
      let first = try server.stream("/channels/c/events")
      _ = try first.attached()
      for number in 1...20 {
        #expect(try client.publish("/channels/c/events", "t", "\(number)").status == 201)
      }
      let ids = try first.events(20).compactMap(\.id)
      first.close()
      // Let the mailbox go with its shard: what counts now is history.
      let isForgotten = try await Deadline().holds {
        try server.ask("GET", "/channels").text.contains(#""depth":0"#)
      }
      #expect(isForgotten)

      let resumed = try server.stream("/channels/c/events", ["Last-Event-ID: \(ids[16])"])
      let verdict = try resumed.attached().channels[0]
      #expect(verdict.verdict == "resumed" && verdict.replayed == 3)
      #expect(verdict.position == ids[16])
      #expect(try resumed.events(3).map(\.data) == ["18", "19", "20"])

      let gap = try server.stream("/channels/c/events?after=\(ids[1])")
      let hole = try gap.attached().channels[0]
      #expect(hole.verdict == "gap" && hole.missed == 13)
      #expect(hole.from == ids[2] && hole.to == ids[14] && hole.position == ids[14])
      #expect(gap.cursor == ids[14])
      #expect(try gap.events(5).map(\.data) == ["16", "17", "18", "19", "20"])

      for cursor in ["7.abcdefgh", "21" + ids[0].dropFirst(), "nonsense", "0"] {
        let reset = try server.stream("/channels/c/events", ["Last-Event-ID: \(cursor)"])
        let told = try reset.attached().channels[0]
        #expect(told.verdict == "reset", "\(cursor)")
        #expect(told.position == ids[14])
        #expect(try reset.events(5).map(\.data) == ["16", "17", "18", "19", "20"])
      }
      let metrics = try server.metrics()
      #expect(metrics[#"fanfare_attachments_total{verdict="gap"}"#] == 1)
      #expect(metrics[#"fanfare_attachments_total{verdict="reset"}"#] == 4)
      #expect(metrics.sum("fanfare_events_missed_on_attach_total") == 13)
      #expect(metrics.sum("fanfare_events_dropped_total") == 0)
    }
  }

  @Test func theHeaderWinsAndAMalformedParameterIsRefused() async throws {
    try await ServerUnderTest.run { server in
      let client = try server.connect()
      for number in 1...4 { _ = try client.publish("/channels/c/events", "t", "\(number)") }
      let ids = try server.read("/channels/c/events?after=oldest").positions
      let stream = try server.stream(
        "/channels/c/events?after=\(ids[0])", ["Last-Event-ID: \(ids[2])"])
      #expect(try stream.attached().channels[0].replayed == 1)
      #expect(try stream.events(1).map(\.data) == ["4"])
      // The browser repeats the parameter of the first connect; beside the header it is not read.
      let repeated = try server.stream(
        "/channels/c/events?after=nonsense", ["Last-Event-ID: \(ids[3])"])
      #expect(try repeated.attached().channels[0].replayed == 0)
      // An empty header is none.
      let empty = try server.stream("/channels/c/events", ["Last-Event-ID:"])
      #expect(try empty.attached().channels[0].verdict == "live")
      for query in [
        "after=nonsense", "after=", "after=1", "after=\(ids[0]),\(ids[1])", "after=01.abcdef",
        "last=-1", "last=x", "after=oldest&last=1", "after=-&after=-", "types=", "types=a%20b",
        "format=xml", "named=2", "limit=0", "limit=1001", "wait=x",
      ] {
        let answer = try server.ask(
          "GET", "/channels/c/events?\(query)", ["Accept: text/event-stream"])
        #expect(answer.status == 400, "\(query)")
      }
      // A cursor of another channel is noticed.
      let other = try server.ask("GET", "/channels/d/events?after=\(ids[0])")
      #expect(other.status == 400)
    }
  }

  @Test func whereToBegin() async throws {
    try await ServerUnderTest.run { server in
      let client = try server.connect()
      for number in 1...6 { _ = try client.publish("/channels/c/events", "t", "\(number)") }
      for (query, replayed) in [
        ("after=oldest", 6), ("last=2", 2), ("last=0", 0), ("last=99", 6), ("after=-", nil),
      ] as [(String, Int?)] {
        let stream = try server.stream("/channels/c/events?\(query)")
        let verdict = try stream.attached().channels[0]
        #expect(verdict.replayed == replayed, "\(query)")
        #expect(verdict.verdict == (replayed == nil ? "live" : "resumed"), "\(query)")
        let data = try stream.events(replayed ?? 0).map(\.data)
        #expect(data == (1...6).map { "\($0)" }.suffix(replayed ?? 0), "\(query)")
      }
    }
  }

  @Test func aFollowerAttachedBeforeAnyEventResumesWithoutLoss() async throws {
    try await ServerUnderTest.run { server in
      let stream = try server.stream("/channels/new/events")
      _ = try stream.attached()
      let cursor = try #require(stream.cursor)
      stream.close()
      let client = try server.connect()
      for number in 1...3 { _ = try client.publish("/channels/new/events", "t", "\(number)") }
      let again = try server.stream("/channels/new/events", ["Last-Event-ID: \(cursor)"])
      // How many are history depends on what its loop has been told by then.
      #expect(try again.attached().channels[0].verdict == "resumed")
      #expect(try again.events(3).map(\.data) == ["1", "2", "3"])
    }
  }

  @Test func formatsAndNames() async throws {
    try await ServerUnderTest.run { server in
      let plain = try server.stream("/channels/c/events?named=0")
      let whole = try server.stream("/channels/c/events?format=event")
      let pair = try server.stream("/events?channels=c,d&format=data")
      for stream in [plain, whole, pair] { _ = try stream.attached() }
      let data = "{\n \"x\":[1,\r\n2]}"
      #expect(try server.connect().publish("/channels/c/events", "t", data).status == 201)
      let unnamed = try plain.events(1)[0]
      #expect(unnamed.event == nil)
      #expect(unnamed.data == "{\n \"x\":[1,\n2]}")
      let event = try whole.events(1)[0]
      let body: EventBody = try event.json()
      #expect(body.channel == "c" && body.type == "t" && body.position == event.id)
      #expect(event.data?.contains("\"data\":{\n \"x\":[1,\n2]},\"time\":\"20") == true)
      #expect(body.time.utf8.count == 24 && body.time.hasSuffix("Z"))
      #expect(try pair.events(1)[0].data == unnamed.data)
    }
  }

  @Test func curlStreamsUnlessItAsksForSomethingElse() async throws {
    try await ServerUnderTest.run { server in
      let bare = try TestEventStream(port: server.port, "/channels/c/events", ["Accept: */*"])
      #expect(try bare.attached().channels[0].verdict == "live")
      let none = try TestEventStream(port: server.port, "/channels/c/events?types=a*", [])
      #expect(try none.attached().channels[0].verdict == "live")
      for query in ["wait=0", "after=oldest", "last=1", "limit=5"] {
        let answer = try server.ask("GET", "/channels/c/events?\(query)", ["Accept: */*"])
        #expect(answer["content-type"] == "application/json", "\(query)")
      }
      let json = try server.ask("GET", "/channels/c/events", ["Accept: application/json"])
      #expect(json["content-type"] == "application/json")
      let weighted = try server.ask(
        "GET", "/channels/c/events?last=1", ["Accept: text/event-stream;q=0, */*"])
      #expect(weighted["content-type"] == "application/json")
    }
  }

  @Test func heartbeatsAreCommentsAndQuiet() async throws {
    try await ServerUnderTest.run({ $0.limits.heartbeat = .seconds(1) }) { server in
      let stream = try server.stream("/channels/c/events")
      _ = try stream.attached()
      let start = ContinuousClock.now
      for _ in 1...2 {
        let beat = try stream.block()
        #expect(beat.isComment)
      }
      let time = ContinuousClock.now - start
      #expect(time > .milliseconds(1_800) && time < .seconds(8), "\(time)")
    }
  }

  @Test func theStreamOfAClientThatEndsItsSideEnds() async throws {
    try await ServerUnderTest.run { server in
      let stream = try server.stream("/channels/c/events")
      _ = try stream.attached()
      stream.connection.socket.finishSending()
      #expect(try stream.next() == nil)
      #expect(try await server.isIdle())
      #expect(server.log.lines.contains { $0.contains("reason=client-closed") })
    }
  }
}
