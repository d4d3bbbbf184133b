import FanfareActors
import FanfareRuntime
import FanfareServer
import FanfareTestKit
import Testing

/// A backplane that is away, or not proven to be there.
@Suite struct BackplaneHealthTests {
  private static let path = "/channels/c/events"

  @Test func theAttachedAreToldOnce() async throws {
    let backplane = ScriptedBackplane()
    try await ServerUnderTest.run(over: backplane) { server in
      let stream = try server.stream("/events?channels=c,d")
      _ = try stream.attached()
      let socket = try server.webSocket("/ws?channels=c,d")
      _ = try socket.message()
      let bare = try server.webSocket("/ws?channels=c&format=data")
      let client = try server.connect()
      #expect(try server.ask("GET", "/readyz").status == 200)
      #expect(try server.metrics()["fanfare_backplane_up"] == 1)

      backplane.says(.unproven)
      backplane.says(.unproven)
      let degraded = try stream.block()
      #expect(degraded.event == "fanfare.degraded" && degraded.data == "{}" && degraded.id == nil)
      #expect(try socket.message().text == #"{"op":"degraded"}"#)
      let answer = try server.ask("GET", "/readyz")
      #expect(answer.status == 503 && answer["retry-after"] != nil)
      #expect(try answer.problem.type.hasSuffix("backplane-unproven"))
      #expect(try server.metrics()["fanfare_backplane_up"] == 0)
      // What comes is still delivered.
      _ = try client.publish(Self.path, "t", "1")
      #expect(try stream.events(1).count == 1)
      #expect(try socket.events(1).count == 1)

      // Restored is told behind what was missing.
      backplane.holdsFeed(true)
      for number in 2...9 { _ = try client.publish(Self.path, "t", "\(number)") }
      backplane.holdsFeed(false)
      backplane.says(.proven)
      #expect(try stream.events(8).count == 8)
      #expect(try stream.block().event == "fanfare.restored")
      #expect(try socket.events(8).count == 8)
      #expect(try socket.message().text == #"{"op":"restored"}"#)
      #expect(try server.ask("GET", "/readyz").status == 200)
      for number in 1...9 {
        guard case .text(let data) = try bare.next() else {
          Issue.record("no data")
          continue
        }
        #expect(data == Array("\(number)".utf8))
      }
    }
  }

  /// A loop that hears an old word late does not take the newest one for it: what was missing may
  /// still be on its way.
  @Test func restoredIsToldBehindWhatWasMissing() async throws {
    let backplane = ScriptedBackplane()
    let channel = try #require(ChannelName("c"))
    try await ServerUnderTest.run({ $0.loops = .exactly(1) }, over: backplane) { server in
      let stream = try server.stream(Self.path)
      _ = try stream.attached()
      let client = try server.connect()
      for round in 0..<20 {
        backplane.says(.unproven)
        #expect(try stream.block { !$0.isComment && !$0.isCursor }.event == "fanfare.degraded")
        backplane.holdsFeed(true)
        for number in 1...3 { _ = try client.publish(Self.path, "t", "\(round * 3 + number)") }
        backplane.recovers(beforeTheHomeOf: channel)
        let told = try (0..<4).map { _ in try stream.block { !$0.isComment && !$0.isCursor } }
        #expect(told.prefix(3).map(\.isEvent) == [true, true, true])
        #expect(told.last?.event == "fanfare.restored")
      }
    }
  }

  @Test func anAttachmentWaitsForTheBackplane() async throws {
    let backplane = ScriptedBackplane()
    try await ServerUnderTest.run(over: backplane) { server in
      let known = try server.stream(Self.path)
      _ = try known.attached()
      for mood in [ScriptedBackplane.Mood.failing(.unavailable), .silent] {
        backplane.becomes(mood)
        backplane.says(.unproven)
        #expect(try known.block().event == "fanfare.degraded")
        // One of a channel that this node follows, one of another, and a poll.
        let held = try server.stream(Self.path)
        let other = try server.stream("/channels/\(mood == .silent ? "x" : "y")/events")
        let poll = try server.connect()
        try poll.request("GET", Self.path + "?after=oldest", ["Accept: application/json"])
        for stream in [held, other] {
          #expect(try stream.block().retry != nil)
          #expect(try stream.block().isComment)
        }
        #expect(try held.arrived().isEmpty && other.arrived().isEmpty)
        backplane.becomes(.answering)
        backplane.says(.proven)
        for stream in [held, other] {
          let told = try stream.block()
          #expect(told.event == "fanfare.attached")
          #expect(try told.json(AttachedBody.self).channels[0].verdict == "live")
        }
        #expect(try poll.answer().status == 200)
        #expect(try known.block().event == "fanfare.restored")
      }
    }
  }

  @Test func whoWaitedInVainIsSentAway() async throws {
    let backplane = ScriptedBackplane()
    try await ServerUnderTest.run(over: backplane) { server in
      let known = try server.stream(Self.path)
      _ = try known.attached()
      backplane.becomes(.failing(.unavailable))
      backplane.says(.unproven)
      let began = ContinuousClock.now
      let streams = [try server.stream(Self.path), try server.stream("/channels/d/events")]
      let named = try server.webSocket("/ws?channels=c")
      let socket = try server.webSocket()
      try socket.text(#"{"op":"subscribe","id":7,"channel":"c"}"#)
      let polls = try ["", "&wait=60"].map { rest in
        let poll = try server.connect()
        try poll.request(
          "GET", Self.path + "?after=oldest" + rest, ["Accept: application/json"])
        return poll
      }
      for stream in streams {
        let bye = try stream.block { $0.event == "fanfare.bye" }
        let body = try bye.json(ByeBody.self)
        #expect(body.reason == "backplane-away")
        #expect((1_000...4_000).contains(body.retry ?? 0))
        #expect(try stream.next() == nil)
      }
      let waited = ContinuousClock.now - began
      #expect(waited > .milliseconds(4_900) && waited < .seconds(10), "\(waited)")
      #expect(try named.closed() == 1013)
      #expect(named.messages.last?.reason == "backplane-away")
      let refused = try socket.message { $0.id == 7 }
      #expect(refused.op == "error" && refused.status == 503 && refused.retry != nil)
      for poll in polls {
        let answer = try poll.answer()
        #expect(answer.status == 503 && answer["retry-after"] != nil)
        #expect(try answer.problem.type.hasSuffix("backplane-away"))
      }
      // The connection that subscribes by message stays, and may try again.
      backplane.becomes(.answering)
      backplane.says(.proven)
      let told = try socket.ask(#"{"op":"subscribe","id":8,"channel":"c"}"#, id: 8)
      #expect(told.op == "subscribed")
      _ = try server.connect().publish(Self.path, "t", "1")
      #expect(try socket.message { $0.op == "event" }.data == "1")
      #expect(try known.block { $0.isEvent }.data == "1")
      #expect(try server.metrics()[#"fanfare_evictions_total{reason="backplane-away"}"#] == 3)
    }
  }

  /// A sequence in this process waits for as long as it takes.
  @Test func aFollowerInThisProcessWaits() async throws {
    let backplane = ScriptedBackplane()
    try await ServerUnderTest.run(over: backplane) { server in
      backplane.becomes(.failing(.unavailable))
      var iterator = try server.server.follow(["c"]).makeAsyncIterator()
      let helper = Task {
        try await Task.sleep(for: .milliseconds(300))
        backplane.becomes(.answering)
        _ = try await server.server.publish(.agentStarted, "1", to: "c")
      }
      guard case .attached(let verdicts) = try await iterator.next() else {
        Issue.record("no verdict")
        return
      }
      #expect(verdicts.map(\.channel.text) == ["c"])
      try await helper.value
    }
  }
}
