import FanfareRuntime
import FanfareServer
import FanfareTestKit
import Testing

/// Long poll and single reads: what each answer holds, and that the cursors chain.
@Suite struct PollTests {
  private static func publish(_ numbers: ClosedRange<Int>, _ server: ServerUnderTest) throws {
    let lines = numbers.map { #"{"type":"\#($0 % 3 == 0 ? "third" : "t")","data":\#($0)}"# }
    let answer = try server.connect().publish(lines: lines, "/channels/c/events")
    guard answer.status == 200 else { throw ClientFailure.malformed(answer.text) }
  }

  /// Begins a long poll on a connection of its own, beside so many others, and returns when it
  /// waits.
  private static func wait(
    _ target: String, beside others: Int = 0, _ server: ServerUnderTest
  ) async throws -> TestConnection {
    // Those that an earlier client closed are counted until the server has seen it.
    guard try await server.isIdle(but: others) else {
      throw ClientFailure.timedOut("earlier connections to be gone")
    }
    let client = try server.connect()
    try client.request("GET", target, ["Accept: application/json"])
    // Its request is read before those of connections opened later only on its own loop, so what
    // tells is that it is there and is not answered.
    guard try await server.isIdle(but: others + 1) else {
      throw ClientFailure.timedOut("the poll to be accepted")
    }
    return client
  }

  @Test func theCursorChainsOverManyAnswers() async throws {
    try await ServerUnderTest.run { server in
      try Self.publish(1...250, server)
      let client = try server.connect()
      var after = "oldest"
      var data: [String] = []
      for _ in 1...37 {
        let answer = try client.ask("GET", "/channels/c/events?after=\(after)&limit=7")
        let body = try answer.events
        #expect(body.channels[0].verdict == "resumed")
        #expect(body.channels[0].replayed == 250 - data.count)
        #expect(body.events.count == min(7, 250 - data.count))
        data += answer.eventData
        after = body.cursor
        if let last = body.positions.last { #expect(body.cursor == last) }
      }
      #expect(data == (1...250).map { "\($0)" })
      #expect(after.offset == 250)
      let metrics = try server.metrics()
      #expect(metrics[#"fanfare_deliveries_total{transport="poll"}"#] == 250)
    }
  }

  @Test func anAnswerHasABoundOfBytes() async throws {
    try await ServerUnderTest.run({ $0.limits.pollAnswerBytesMax = 64 * 1024 }) { server in
      let client = try server.connect()
      let sizes = [60_000, 100, 3_000, 60_000, 65_534, 1, 1, 30_000, 30_000, 30_000]
      for size in sizes {
        let data = "\"" + String(repeating: "x", count: size) + "\""
        #expect(try client.publish("/channels/c/events", "t", data).status == 201)
      }
      var after = "oldest"
      var counts: [Int] = []
      for _ in 1...6 {
        let body = try client.ask("GET", "/channels/c/events?after=\(after)").events
        counts.append(body.events.count)
        after = body.cursor
      }
      #expect(counts == [3, 1, 1, 4, 1, 0])
    }
  }

  @Test func aWaitEndsWithTheFirstEvent() async throws {
    try await ServerUnderTest.run { server in
      try Self.publish(1...3, server)
      let cursor = try server.read("/channels/c/events?after=oldest").cursor
      let start = ContinuousClock.now
      let resumed = try await Self.wait("/channels/c/events?after=\(cursor)&wait=30", server)
      let bare = try await Self.wait("/channels/c/events?wait=30", beside: 1, server)
      try resumed.peek()
      #expect(resumed.input.isEmpty)
      try Self.publish(4...4, server)
      for (poll, verdict) in [(resumed, "resumed"), (bare, "live")] {
        let answer = try poll.answer()
        #expect(answer.eventData == ["4"])
        #expect(try answer.events.channels[0].verdict == verdict)
        // The verdict is about the cursor that was brought, not about what came since.
        #expect(try answer.events.channels[0].position == cursor)
        #expect(try answer.events.cursor.offset == 4)
        // The connection goes on.
        let next = try poll.ask("GET", "/channels/c/events?after=\(try answer.events.cursor)")
        #expect(try next.events.events.isEmpty)
      }
      // What is there already is not waited for.
      let there = try server.read("/channels/c/events?after=\(cursor)&wait=30")
      #expect(there.positions.map(\.offset) == [4])
      #expect(ContinuousClock.now - start < .seconds(20))
    }
  }

  @Test func aWaitRunsOut() async throws {
    try await ServerUnderTest.run({ $0.limits.pollWaitMax = .seconds(2) }) { server in
      try Self.publish(1...2, server)
      let cursor = try server.read("/channels/c/events?after=oldest").cursor
      let client = try server.connect()
      for (wait, least) in [(1, Duration.milliseconds(950)), (60, .milliseconds(1_950))] {
        let start = ContinuousClock.now
        let answer = try client.ask("GET", "/channels/c/events?after=\(cursor)&wait=\(wait)")
        let time = ContinuousClock.now - start
        #expect(time > least && time < .seconds(10), "\(time)")
        #expect(answer.status == 200)
        let body = try answer.events
        #expect(body.events.isEmpty && body.cursor == cursor)
        #expect(body.channels[0].verdict == "resumed" && body.channels[0].replayed == 0)
      }
    }
  }

  @Test func filteredEventsMoveTheCursorAndEndNoWait() async throws {
    try await ServerUnderTest.run { server in
      try Self.publish(1...50, server)
      let read = try server.ask("GET", "/channels/c/events?after=oldest&types=third&limit=4")
      #expect(read.eventData == ["3", "6", "9", "12"])
      let rest = try server.read(
        "/channels/c/events?after=\(try read.events.cursor)&types=none")
      #expect(rest.events.isEmpty && rest.cursor.offset == 50)
      let poll = try await Self.wait(
        "/channels/c/events?after=\(rest.cursor)&types=third&wait=30", server)
      try Self.publish(52...53, server)
      try Self.publish(54...55, server)
      let answer = try poll.answer()
      #expect(answer.eventData == ["54"])
      #expect(try [53, 54].contains(answer.events.cursor.offset))
    }
  }

  @Test func severalChannelsHaveOneCursor() async throws {
    try await ServerUnderTest.run { server in
      let names = ["b", "a", "c"]
      let lines = (1...60).map { number in
        #"{"channel":"\#(names[number * number % 7 % 3])","type":"t","data":\#(number)}"#
      }
      let client = try server.connect()
      #expect(try client.publish(lines: lines, "/events").status == 200)
      var after = "oldest"
      var seen: [String: [Int?]] = [:]
      for answer in 1...10 {
        let body = try client.ask("GET", "/events?channels=b,a,c&after=\(after)&limit=7").events
        #expect(body.channels.map(\.channel) == names)
        let positions = body.cursor.split(separator: ",").map(String.init)
        #expect(positions.count == 3)
        for event in body.events { seen[event.channel, default: []].append(event.position.offset) }
        for (name, position) in zip(names, positions) {
          #expect(position.offset == seen[name]?.last ?? 0)
        }
        after = body.cursor
        #expect(body.events.count == (answer == 9 ? 4 : answer == 10 ? 0 : 7))
      }
      #expect(seen.values.reduce(0) { $0 + $1.count } == 60)
      for offsets in seen.values { #expect(offsets == Array(1...offsets.count)) }
      // A wait over all of them ends with an event of any one.
      for name in names {
        let poll = try await Self.wait(
          "/events?channels=b,a,c&after=\(after)&wait=30", beside: 1, server)
        #expect(try client.publish("/channels/\(name)/events", "t", "0").status == 201)
        let body = try poll.answer().events
        #expect(body.events.map(\.channel) == [name])
        after = body.cursor
      }
    }
  }

  @Test func pollsAndStreamsGoOnWithEachOthersCursors() async throws {
    try await ServerUnderTest.run({ $0.limits.mailboxEventsMax = 16 }) { server in
      try Self.publish(1...90, server)
      var cursor = try #require(try server.stream("/channels/c/events?last=0").cursorAtOnce())
      #expect(cursor.offset == 90)
      cursor = try server.read("/channels/c/events?after=oldest&limit=1").cursor
      var data = ["1"]
      for round in 1...6 {
        let stream = try server.stream("/channels/c/events", ["Last-Event-ID: \(cursor)"])
        #expect(try stream.attached().channels[0].replayed == 90 - data.count)
        data += try stream.events(round + 4).compactMap(\.data)
        cursor = try #require(stream.cursor)
        stream.close()
        let answer = try server.ask("GET", "/channels/c/events?after=\(cursor)&limit=\(round)")
        #expect(try answer.events.channels[0].verdict == "resumed")
        data += answer.eventData
        cursor = try answer.events.cursor
      }
      #expect(data == (1...data.count).map { "\($0)" })
      #expect(data.count == 1 + 45 + 21)
    }
  }

  /// Whoever has to load a state anew does not wait for an event before it learns of that.
  @Test func aLossIsToldAtOnceWithNothingToDeliver() async throws {
    try await ServerUnderTest.run({ $0.namespaceDefaults.historyEventsMax = 5 }) { server in
      let empty = try server.read("/channels/c/events?after=oldest").cursor
      try Self.publish(1...20, server)
      let start = ContinuousClock.now
      let gap = try server.read("/channels/c/events?after=\(empty)&types=none&wait=30")
      #expect(gap.channels[0].verdict == "gap" && gap.channels[0].missed == 15)
      #expect(gap.events.isEmpty && gap.cursor.offset == 20)
      let reset = try server.ask(
        "GET", "/events?channels=d,e&wait=30", ["Last-Event-ID: 3.abcdefgh,-"])
      #expect(try reset.events.channels.map(\.verdict) == ["reset", "reset"])
      #expect(try reset.events.events.isEmpty)
      #expect(ContinuousClock.now - start < .seconds(20))
    }
  }

  @Test func whatIsMissingIsToldInTheAnswer() async throws {
    try await ServerUnderTest.run({ $0.namespaceDefaults.historyEventsMax = 5 }) { server in
      try Self.publish(1...1, server)
      let first = try server.read("/channels/c/events?after=oldest").cursor
      try Self.publish(2...20, server)
      let gap = try server.read("/channels/c/events?after=\(first)&wait=30&limit=2")
      let told = gap.channels[0]
      #expect(told.verdict == "gap" && told.missed == 14)
      #expect(told.from?.offset == 2 && told.to?.offset == 15 && told.position == told.to)
      #expect(gap.positions.map(\.offset) == [16, 17])
      #expect(try server.read("/channels/c/events?after=\(gap.cursor)").channels[0].replayed == 3)
      let header = try server.ask(
        "GET", "/channels/c/events?last=1", ["Last-Event-ID: 3.abcdefgh"])
      #expect(try header.events.channels[0].verdict == "reset")
      #expect(header.eventData == ["16", "17", "18", "19", "20"])
      let metrics = try server.metrics()
      #expect(metrics.sum("fanfare_events_missed_on_attach_total") == 14)
      #expect(metrics.sum("fanfare_events_dropped_total") == 0)
      #expect(metrics[#"fanfare_attachments_total{verdict="gap"}"#] == 1)
      #expect(metrics[#"fanfare_attachments_total{verdict="reset"}"#] == 1)
    }
  }

  @Test func aClientThatHangsUpIsNotWaitedFor() async throws {
    try await ServerUnderTest.run { server in
      let polls = try (0..<20).map { _ in try server.connect() }
      for poll in polls { try poll.request("GET", "/channels/c/events?wait=60") }
      let areThere = try await Deadline().holds {
        try server.metrics().sum("fanfare_connections") == 21
      }
      #expect(areThere)
      for poll in polls[..<10] { poll.socket.abort() }
      for poll in polls[10...] { poll.socket.finishSending() }
      // Who only ended its side is still told what there is, and then left.
      for poll in polls[10...] {
        let answer = try poll.answer()
        #expect(try answer.status == 200 && answer.events.cursor.offset == 0)
        #expect(answer["connection"] == "close")
        #expect(try poll.isClosedSilently())
      }
      #expect(try await server.isIdle())
      try Self.publish(1...1, server)
      #expect(try server.metrics().sum("fanfare_deliveries_total") == 0)
    }
  }

  @Test func aServerThatStopsAnswersTheWaiting() async throws {
    try await ServerUnderTest.run { server in
      try Self.publish(1...2, server)
      let cursor = try server.read("/channels/c/events?after=oldest").cursor
      let polls = [
        try await Self.wait("/channels/c/events?after=\(cursor)&wait=60", server),
        try await Self.wait("/events?channels=c,d&wait=60", beside: 1, server),
      ]
      // A request that follows on the same connection is not answered any more.
      try polls[0].request("GET", "/healthz")
      await server.stop()
      for poll in polls {
        let answer = try poll.answer()
        #expect(answer.status == 200)
        #expect(answer["connection"] == "close")
        #expect(try answer.events.cursor.hasPrefix(cursor))
        #expect(try answer.events.events.isEmpty)
        #expect(try poll.isClosedSilently())
      }
    }
  }
}

extension TestEventStream {
  /// The cursor that the verdict hands out.
  fileprivate func cursorAtOnce() throws -> String? {
    _ = try attached()
    return cursor
  }
}
