import FanfareRuntime
import FanfareServer
import FanfareTestKit
import Testing

/// Following on `/ws` by messages (CONTRACT section 4): verdicts, events, gaps, unsubscribing.
@Suite struct SocketFollowingTests {
  private static func small(_ settings: inout Settings) {
    settings.namespaceDefaults.historyEventsMax = 5
    settings.limits.mailboxEventsMax = 16
  }

  @Test func subscribingAndEventsAreExact() async throws {
    try await ServerUnderTest.run { server in
      let socket = try server.webSocket("/ws", ["Sec-WebSocket-Protocol: chat, fanfare.v1"])
      #expect(socket.head["sec-websocket-protocol"] == "fanfare.v1")
      #expect(socket.head["sec-websocket-extensions"] == nil)
      let told = try socket.ask(#"{"op":"subscribe","id":1,"channel":"project:42"}"#, id: 1)
      let position = try #require(told.position)
      #expect(
        told.text == #"{"op":"subscribed","id":1,"channel":"project:42","verdict":"live","#
          + #""position":"\#(position)"}"#)
      #expect(position.offset == 0)
      let data = "{\n \"x\": [1,\r\n2], \"\\u0041\":\"ä\"}"
      let publisher = try server.connect()
      let published = try publisher.publish("/projects/42/events", "agent_x", data)
      let event = try socket.events(1)[0]
      let place: PublishedBody = try published.json()
      #expect(
        event.text
          == #"{"op":"event","channel":"project:42","position":"\#(place.position ?? "")","#
          + #""type":"agent_x","data":\#(data),"time":"\#(event.time ?? "")"}"#)
      #expect(event.data == data)
      #expect(event.time?.utf8.count == 24)
    }
  }

  @Test func everyVerdictIsProducedForReal() async throws {
    try await ServerUnderTest.run(Self.small) { server in
      let publisher = try server.connect()
      for number in 1...20 { _ = try publisher.publish("/channels/c/events", "t", "\(number)") }
      let all = try server.read("/channels/c/events?after=oldest")
      let epoch = try #require(all.cursor.split(separator: ".").last)
      let socket = try server.webSocket()
      let unsubscribe = #"{"op":"unsubscribe","id":9,"channel":"c"}"#
      func subscribe(_ rest: String) throws -> SocketMessage {
        try socket.ask(#"{"op":"subscribe","id":2,"channel":"c","# + rest + "}", id: 2)
      }
      let resumed = try subscribe(#""after":"17.\#(epoch)""#)
      #expect(resumed.verdict == "resumed" && resumed.replayed == 3)
      #expect(resumed.position == "17.\(epoch)")
      #expect(try socket.events(3).map(\.data) == ["18", "19", "20"])
      let left = try socket.ask(unsubscribe, id: 9)
      #expect(left.op == "unsubscribed" && left.channel == "c" && left.position == "20.\(epoch)")

      // The mailbox goes with its shard: what counts then is history.
      let isForgotten = try await Deadline().holds {
        try server.ask("GET", "/channels").text.contains(#""depth":0"#)
      }
      #expect(isForgotten)
      let gap = try subscribe(#""after":"2.\#(epoch)""#)
      #expect(
        gap.text == #"{"op":"subscribed","id":2,"channel":"c","verdict":"gap","#
          + #""from":"3.\#(epoch)","to":"15.\#(epoch)","missed":13,"position":"15.\#(epoch)"}"#)
      #expect(try socket.events(5).map(\.data) == ["16", "17", "18", "19", "20"])
      _ = try socket.ask(unsubscribe, id: 9)

      let reset = try subscribe(#""after":"21.\#(epoch)""#)
      #expect(reset.verdict == "reset" && reset.position == "15.\(epoch)")
      #expect(try socket.events(5).map(\.data) == ["16", "17", "18", "19", "20"])
      _ = try socket.ask(unsubscribe, id: 9)

      for (start, replayed) in [
        (#""after":"oldest""#, 5), (#""last":2"#, 2), (#""last":0"#, 0), (#""after":"-""#, nil),
      ] as [(String, Int?)] {
        let told = try subscribe(start)
        #expect(told.verdict == (replayed == nil ? "live" : "resumed"), "\(start)")
        #expect(told.replayed == replayed, "\(start)")
        _ = try socket.events(replayed ?? 0)
        _ = try socket.ask(unsubscribe, id: 9)
      }
    }
  }

  @Test func afterUnsubscribingNothingMoreComes() async throws {
    try await ServerUnderTest.run { server in
      let socket = try server.webSocket()
      let publisher = try server.connect()
      for channel in ["a", "b"] {
        _ = try socket.ask(#"{"op":"subscribe","id":1,"channel":"\#(channel)"}"#, id: 1)
      }
      _ = try publisher.publish("/channels/a/events", "t", "1")
      _ = try publisher.publish("/channels/b/events", "t", "2")
      let first = try socket.events(2)
      #expect(Set(first.map(\.data)) == ["1", "2"])
      let left = try socket.ask(#"{"op":"unsubscribe","id":2,"channel":"a"}"#, id: 2)
      #expect(left.position == first.first { $0.channel == "a" }?.position)
      _ = try publisher.publish("/channels/a/events", "t", "3")
      _ = try publisher.publish("/channels/b/events", "t", "4")
      #expect(try socket.events(1).map(\.data) == ["4"])
      // Once more, from where it was left.
      let again = try socket.ask(
        #"{"op":"subscribe","id":3,"channel":"a","after":"\#(left.position ?? "")"}"#, id: 3)
      #expect(again.replayed == 1)
      #expect(try socket.events(1).map(\.data) == ["3"])
      let twice = try socket.ask(#"{"op":"subscribe","id":4,"channel":"a"}"#, id: 4)
      #expect(twice.op == "error" && twice.status == 409)
      _ = try socket.ask(#"{"op":"unsubscribe","id":5,"channel":"a"}"#, id: 5)
      let never = try socket.ask(#"{"op":"unsubscribe","id":6,"channel":"a"}"#, id: 6)
      #expect(never.op == "error" && never.status == 404)
    }
  }

  @Test func channelsOfTheRequestAreToldTogether() async throws {
    try await ServerUnderTest.run { server in
      let publisher = try server.connect()
      for number in 1...3 {
        _ = try publisher.publish("/channels/a/events", "x", "\(number)")
        _ = try publisher.publish("/channels/b/events", "y", "\(number)")
      }
      let first = try server.read("/channels/a/events?after=oldest").positions[0]
      let socket = try server.webSocket("/ws?channels=b,a,c&after=-,\(first),-")
      let attached = try socket.message()
      #expect(attached.op == "attached" && attached.anyID == nil)
      #expect(attached.channels.map(\.channel) == ["b", "a", "c"])
      #expect(attached.channels.map(\.verdict) == ["live", "resumed", "live"])
      #expect(attached.channels[1].position == first)
      #expect(try socket.events(2).map(\.data) == ["2", "3"])
      let last = try server.webSocket("/ws?channels=b&last=2&types=y")
      #expect(try last.message().channels[0].replayed == 2)
      #expect(try last.events(2).map(\.data) == ["2", "3"])
      // Later ones come beside them.
      let later = try socket.ask(#"{"op":"subscribe","id":1,"channel":"d","last":1}"#, id: 1)
      #expect(later.op == "subscribed" && later.replayed == 0)
      for channel in ["b", "a", "c", "d"] {
        _ = try publisher.publish("/channels/\(channel)/events", "z", "9")
      }
      #expect(Set(try socket.events(4).compactMap(\.channel)) == ["a", "b", "c", "d"])
      // A browser that resumes an event stream may come here with its header.
      let header = try server.webSocket("/ws?channels=a", ["Last-Event-ID: \(first)"])
      #expect(try header.message().channels[0].replayed == 3)
    }
  }

  @Test func aSubscribeBehindTheHandshakeIsNotLost() async throws {
    try await ServerUnderTest.run { server in
      let publisher = try server.connect()
      _ = try publisher.publish("/channels/a/events", "t", "1")
      for _ in 1...10 {
        let first = [
          #"{"op":"subscribe","id":1,"channel":"a","after":"oldest"}"#, #"{"op":"ping","id":2}"#,
        ].flatMap { SocketFrame.bytes(SocketFrame.text, Array($0.utf8)) }
        let socket = try server.webSocket("/ws", first: first)
        var ops: Set<String> = []
        for _ in 1...3 { ops.insert(try socket.message().op) }
        #expect(ops == ["pong", "subscribed", "event"])
      }
    }
  }

  /// The rest of the channels is judged as if the one withdrawn had never been named.
  @Test func withdrawingAChannelBeforeTheVerdictsHarmsNobody() async throws {
    try await ServerUnderTest.run { server in
      let channels = (1...40).map { "w\($0)" }
      for withdrawn in [["w1"], ["w1", "w2", "w3"], ["w40"], channels] {
        for round in 1...5 {
          let first = withdrawn.flatMap { channel in
            SocketFrame.bytes(
              SocketFrame.text, Array(#"{"op":"unsubscribe","id":1,"channel":"\#(channel)"}"#.utf8))
          }
          let socket = try server.webSocket(
            "/ws?channels=\(channels.joined(separator: ","))", first: first)
          var gone = 0
          var told: [String] = []
          let rest = channels.filter { !withdrawn.contains($0) }
          while gone < withdrawn.count || (told.isEmpty && !rest.isEmpty) {
            let message = try socket.message()
            if message.op == "unsubscribed" { gone += 1 }
            if message.op == "attached" { told = message.channels.map(\.channel) }
          }
          #expect(rest.allSatisfy(told.contains), "round \(round): \(told)")
          let channel = rest.last ?? "new"
          if rest.isEmpty {
            _ = try socket.ask(#"{"op":"subscribe","id":2,"channel":"new"}"#, id: 2)
          }
          let data = "\"\(withdrawn.count) \(round)\""
          _ = try server.connect().publish("/channels/\(channel)/events", "t", data)
          #expect(try socket.events(1).map(\.data) == [data])
        }
      }
    }
  }

  @Test func filteredEventsMoveThePosition() async throws {
    try await ServerUnderTest.run({ $0.limits.heartbeat = .seconds(1) }) { server in
      let socket = try server.webSocket()
      let told = try socket.ask(
        #"{"op":"subscribe","id":1,"channel":"c","types":["agent_*","done"]}"#, id: 1)
      #expect(told.verdict == "live")
      let publisher = try server.connect()
      for type in ["x", "agent_a", "y", "done", "donex", "agent", "agent_b"] {
        #expect(try publisher.publish("/channels/c/events", type, "1").status == 201)
      }
      #expect(try socket.events(3).map(\.type) == ["agent_a", "done", "agent_b"])
      let before = socket.messages.count
      for _ in 1...50 { _ = try publisher.publish("/channels/c/events", "z", "1") }
      let moved = try socket.message { $0.position?.offset == 57 }
      #expect(
        moved.text == #"{"op":"position","channel":"c","position":"\#(moved.position ?? "")"}"#)
      #expect(socket.messages[before...].allSatisfy { $0.op == "position" })
      #expect(socket.messages[before...].count <= 4)
      _ = try publisher.publish("/channels/c/events", "done", "2")
      let position = try #require(moved.position)
      let again = try server.webSocket()
      let resumed = try again.ask(
        #"{"op":"subscribe","id":1,"channel":"c","types":"agent_*,done","#
          + #""after":"\#(position)"}"#, id: 1)
      #expect(resumed.replayed == 1)
      #expect(try again.events(1).map(\.data) == ["2"])
    }
  }

  @Test func aSlowReaderIsToldWhatItMissed() async throws {
    try await ServerUnderTest.run({ settings in
      settings.namespaceDefaults.historyEventsMax = 20
      settings.limits.mailboxEventsMax = 16
    }) { server in
      let socket = try server.webSocket("/ws?channels=c,d", receiveBufferBytes: 4_096)
      #expect(try socket.message().op == "attached")
      let publisher = try server.connect()
      let padding = String(repeating: "x", count: 60_000)
      for number in 1...300 {
        let answer = try publisher.publish(
          "/channels/c/events", "t", #"{"n":\#(number),"p":"\#(padding)"}"#)
        #expect(answer.status == 201)
      }
      _ = try publisher.publish("/channels/c/events", "end", "0")
      var next = 1
      var missed = 0
      while next <= 301 {
        let message = try socket.message()
        switch message.op {
        case "event":
          #expect(message.position?.offset == next)
          next += 1
        case "gap":
          #expect(message.channel == "c" && message.from?.offset == next)
          let count = try #require(message.missed)
          #expect(message.to?.offset == next + count - 1 && message.position == message.to)
          missed += count
          next += count
        default: Issue.record("\(message.text)")
        }
      }
      #expect(missed > 0)
      let metrics = try server.metrics()
      #expect(metrics.sum("fanfare_events_dropped_total") == Double(missed))
      #expect(metrics.sum("fanfare_evictions_total") == 0)
    }
  }
}
