import FanfareActors
import FanfareRuntime
import FanfareServer
import FanfareTestKit
import Testing

/// Followers that do not keep up: what they are told, what it costs the others, and when they go.
@Suite struct SlowReaderTests {
  private static let mailboxEvents = 16

  private static func small(
    history: Int, _ overflow: Overflow = .catchUp
  ) -> (inout Settings) -> Void {
    { settings in
      settings.limits.mailboxEventsMax = mailboxEvents
      settings.limits.historyBytesMax = 64 * 1024 * 1024
      settings.namespaceDefaults.historyEventsMax = history
      settings.namespaceDefaults.overflow = overflow
    }
  }

  /// Publishes large numbered events to `c` until the slowest follower is `lag` events behind:
  /// more than the quarter of a mailbox that may be on its way to one whose socket takes bytes.
  /// Returns how many there are then.
  private func fall(behind lag: Int, _ server: ServerUnderTest) throws -> Int {
    let client = try server.connect()
    let padding = String(repeating: "x", count: 60_000)
    var head = 0
    while try server.streams().map(\.lag).max() ?? 0 < lag {
      let lines = (1...4).map { #"{"type":"t","data":[\#(head + $0),"\#(padding)"]}"# }
      guard try client.publish(lines: lines, "/channels/c/events").status == 200, head < 1_000
      else { throw ClientFailure.malformed("no follower fell behind") }
      head += 4
    }
    return head
  }

  /// Reads until the event at `head` has been given.
  private func read(
    _ stream: TestEventStream, to head: Int, _ audit: inout StreamAudit
  ) throws {
    stream.connection.socket.widen()
    while audit.seen["c"]?.last != head { try audit.read(stream.block()) }
    let numbers = stream.blocks.filter(\.isEvent).map { block in
      block.data?.dropFirst().prefix { $0 != "," }
    }
    #expect(numbers == audit.seen["c"]?.map { "\($0)"[...] })
  }

  @Test func oneThatReadsOnLateIsCaughtUpInSilence() async throws {
    try await ServerUnderTest.run(Self.small(history: 1_000)) { server in
      let slow = try server.stream("/channels/c/events", receiveBufferBytes: 4_096)
      var audit = StreamAudit(try slow.attached())
      let head = try fall(behind: 3 * Self.mailboxEvents, server)
      #expect(try server.metrics()["fanfare_followers_behind"] == 1)
      try read(slow, to: head, &audit)
      #expect(audit.faults.isEmpty, "\(audit.faults)")
      #expect(audit.holes.isEmpty)
      #expect(audit.seen["c"] == Array(1...head))
      let metrics = try server.metrics()
      #expect(metrics.sum("fanfare_events_dropped_total") == 0)
      #expect(metrics.sum("fanfare_gaps_told_total") == 0)
      #expect(metrics["fanfare_followers_behind"] == 0)
      #expect(metrics[#"fanfare_deliveries_total{transport="sse"}"#] == Double(head))
      #expect(metrics["fanfare_lag_events_count"] ?? 0 > 0)
      #expect(
        metrics[#"fanfare_lag_events_bucket{le="16.0"}"#] != metrics["fanfare_lag_events_count"])
    }
  }

  @Test(arguments: [5, 20, 31])
  func whatLeftHistoryIsToldAsOneGap(history: Int) async throws {
    try await ServerUnderTest.run(Self.small(history: history)) { server in
      let slow = try server.stream("/channels/c/events", receiveBufferBytes: 4_096)
      var audit = StreamAudit(try slow.attached())
      let head = try fall(behind: 4 * Self.mailboxEvents, server)
      try read(slow, to: head, &audit)
      #expect(audit.faults.isEmpty, "\(audit.faults)")
      #expect(audit.holes.count == 1)
      // What the mailbox holds is given, whatever has left history.
      let end = head - max(history, Self.mailboxEvents)
      #expect(audit.holes.first?.range.upperBound == end)
      #expect(audit.missed >= 4 * Self.mailboxEvents - max(history, Self.mailboxEvents))
      #expect(audit.seen["c"]?.count == head - audit.missed)
      let metrics = try server.metrics()
      #expect(
        metrics[#"fanfare_events_dropped_total{namespace="other",reason="history"}"#]
          == Double(audit.missed))
      #expect(metrics.sum("fanfare_events_dropped_total") == Double(audit.missed))
      #expect(metrics.sum("fanfare_gaps_told_total") == 1)
      #expect(metrics.sum("fanfare_events_missed_on_attach_total") == 0)
      #expect(try server.streams().map(\.dropped) == [audit.missed])
      // A gap is told once: whoever comes back with the cursor behind it is not told again.
      let gap = try #require(slow.blocks.firstIndex { $0.event == "fanfare.gap" })
      let cursor = slow.blocks[gap + 1]
      #expect(cursor.isCursor && cursor.id?.offset == end)
    }
  }

  @Test func dropOldestJumpsToTheNewestHalf() async throws {
    try await ServerUnderTest.run(Self.small(history: 1_000, .dropOldest)) { server in
      let slow = try server.stream("/channels/c/events", receiveBufferBytes: 4_096)
      var audit = StreamAudit(try slow.attached())
      let head = try fall(behind: 3 * Self.mailboxEvents, server)
      try read(slow, to: head, &audit)
      #expect(audit.faults.isEmpty, "\(audit.faults)")
      #expect(audit.holes.map(\.range.upperBound) == [head - Self.mailboxEvents / 2])
      let metrics = try server.metrics()
      #expect(
        metrics[#"fanfare_events_dropped_total{namespace="other",reason="drop-oldest"}"#]
          == Double(audit.missed))
      #expect(metrics.sum("fanfare_events_dropped_total") == Double(audit.missed))
      #expect(try server.streams().map(\.dropped) == [audit.missed])
    }
  }

  @Test func disconnectEndsTheStreamAndTheCursorResumes() async throws {
    try await ServerUnderTest.run(Self.small(history: 1_000, .disconnect)) { server in
      let slow = try server.stream("/channels/c/events", receiveBufferBytes: 4_096)
      var audit = StreamAudit(try slow.attached())
      let head = try fall(behind: 3 * Self.mailboxEvents, server)
      slow.connection.socket.widen()
      while let block = try slow.next() { try audit.read(block) }
      #expect(audit.faults.isEmpty, "\(audit.faults)")
      #expect(audit.byeReason == "overflow")
      #expect((1_000...4_000).contains(slow.blocks.compactMap(\.retry).last ?? 0))
      let last = audit.seen["c"]?.last ?? 0
      #expect(last < head && slow.cursor?.offset == last)
      let metrics = try server.metrics()
      #expect(metrics[#"fanfare_evictions_total{reason="overflow"}"#] == 1)
      #expect(metrics.sum("fanfare_events_dropped_total") == 0)
      // What the verdict promised is delivered, however slowly: the policy begins behind it.
      let cursor = try #require(slow.cursor)
      let again = try server.stream("/channels/c/events", ["Last-Event-ID: \(cursor)"])
      let attached = try again.attached()
      #expect(attached.channels[0].verdict == "resumed")
      #expect(attached.channels[0].replayed == head - last)
      var rest = StreamAudit(attached)
      try read(again, to: head, &rest)
      #expect(rest.faults.isEmpty, "\(rest.faults)")
      #expect((audit.seen["c"] ?? []) + (rest.seen["c"] ?? []) == Array(1...head))
    }
  }

  @Test func whoTakesNoByteForThreeDeadlinesIsEvicted() async throws {
    try await ServerUnderTest.run({ settings in
      Self.small(history: 1_000)(&settings)
      settings.limits.writeDeadline = .seconds(1)
      settings.limits.heartbeat = .seconds(2)
    }) { server in
      let idle = try server.stream("/channels/quiet/events")
      _ = try idle.attached()
      let stalled = try server.stream("/channels/c/events", receiveBufferBytes: 4_096)
      var audit = StreamAudit(try stalled.attached())
      let start = ContinuousClock.now
      let head = try fall(behind: Self.mailboxEvents, server)
      let isEvicted = try await Deadline().holds {
        try server.metrics()[#"fanfare_evictions_total{reason="stalled"}"#] == 1
      }
      try #require(isEvicted)
      #expect(ContinuousClock.now - start >= .seconds(3))
      #expect(server.log.lines.contains { $0.contains("reason=stalled") && $0.contains("sse") })
      // Everything that the kernel had taken still arrives, and no half event counts.
      stalled.connection.socket.widen()
      do {
        while let block = try stalled.next() { try audit.read(block) }
      } catch ClientFailure.closed, ClientFailure.reset {}
      #expect(audit.faults.isEmpty, "\(audit.faults)")
      let last = audit.seen["c"]?.last ?? 0
      let cursor = try #require(stalled.cursor)
      let again = try server.stream("/channels/c/events", ["Last-Event-ID: \(cursor)"])
      #expect(try again.attached().channels[0].replayed == head - last)
      // One that has nothing to be sent is not stalled.
      #expect(try idle.block().isComment)
      #expect(try server.streams().map(\.channels).contains(["quiet"]))
      #expect(try server.metrics().sum("fanfare_evictions_total") == 1)
    }
  }

  @Test func manySlowReadersGoBeforeTheyCostTooMuch() async throws {
    try await ServerUnderTest.run({ settings in
      Self.small(history: 1_000)(&settings)
      settings.limits.stalledFrameBytesMax = 64 * 1024
    }) { server in
      let fast = try (0..<3).map { _ in try server.stream("/channels/c/events") }
      var audits = try fast.map { StreamAudit(try $0.attached()) }
      // Of different sizes, so that their sockets fill up at different places of a frame.
      let slow = try (0..<24).map { number in
        try server.stream("/channels/c/events", receiveBufferBytes: 4_096 + 2_500 * number)
      }
      for stream in slow { _ = try stream.attached() }
      let client = try server.connect()
      let padding = String(repeating: "x", count: 60_000)
      let reason = #"fanfare_evictions_total{reason="stalled-frames"}"#
      var head = 0
      while try server.metrics()[reason] ?? 0 < 8, head < 200 {
        let published = try client.publish("/channels/c/events", "t", "[\(head),\"\(padding)\"]")
        #expect(published.status == 201)
        head += 1
        for (index, stream) in fast.enumerated() { try audits[index].read(stream.block()) }
      }
      let metrics = try server.metrics()
      #expect(metrics[reason] ?? 0 >= 8)
      #expect(metrics.sum("fanfare_evictions_total") == metrics[reason])
      #expect(server.log.lines.contains { $0.contains("reason=stalled-frames") })
      for audit in audits {
        #expect(audit.faults.isEmpty, "\(audit.faults)")
        #expect(audit.holes.isEmpty && audit.byeReason == nil)
        #expect(audit.seen["c"] == Array(1...head))
      }
      // With the evicted ones gone their room is free again: the others stay.
      #expect(try server.streams().count == 27 - Int(metrics[reason] ?? 0))
    }
  }

  @Test func whoIsGoneBeforeTheAnswerCostsNothing() async throws {
    try await ServerUnderTest.run { server in
      for number in 0..<200 {
        let client = try server.connect()
        let target = number % 2 == 0 ? "/channels/c/events" : "/events?channels=c,d\(number % 7)"
        try client.request("GET", target, ["Accept: text/event-stream"])
        client.socket.abort()
      }
      #expect(try await server.isIdle())
      let follower = try server.stream("/channels/c/events")
      _ = try follower.attached()
      #expect(try server.connect().publish("/channels/c/events", "t", "1").status == 201)
      #expect(try follower.events(1).map(\.data) == ["1"])
    }
  }
}
