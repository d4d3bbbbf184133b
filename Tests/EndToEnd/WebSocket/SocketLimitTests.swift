import FanfareRuntime
import FanfareServer
import FanfareTestKit
import Testing

/// The bounds of one WebSocket, and what is said at them.
@Suite struct SocketLimitTests {
  private static func ping(_ id: Int) -> [UInt8] {
    SocketFrame.bytes(SocketFrame.text, Array(#"{"op":"ping","id":\#(id)}"#.utf8))
  }

  @Test func channelsOfOneConnectionAreBounded() async throws {
    try await ServerUnderTest.run({ $0.limits.webSocketMessagesMax = 1_000 }) { server in
      let named = (1...120).map { "c\($0)" }.joined(separator: ",")
      let socket = try server.webSocket("/ws?channels=\(named)")
      #expect(try socket.message().channels.count == 120)
      for number in 121...128 {
        let told = try socket.ask(#"{"op":"subscribe","id":1,"channel":"c\#(number)"}"#, id: 1)
        #expect(told.op == "subscribed")
      }
      let over = try socket.ask(#"{"op":"subscribe","id":2,"channel":"d"}"#, id: 2)
      #expect(over.op == "error" && over.status == 422)
      _ = try socket.ask(#"{"op":"unsubscribe","id":3,"channel":"c5"}"#, id: 3)
      #expect(try socket.ask(#"{"op":"subscribe","id":4,"channel":"d"}"#, id: 4).verdict == "live")
      let publisher = try server.connect()
      for channel in ["c1", "c5", "c128", "d"] {
        _ = try publisher.publish("/channels/\(channel)/events", "t", "1")
      }
      #expect(Set(try socket.events(3).compactMap(\.channel)) == ["c1", "c128", "d"])
      let many = (1...129).map { "c\($0)" }.joined(separator: ",")
      let refused = try server.ask("GET", "/ws?channels=\(many)", TestWebSocket.handshake)
      #expect(refused.status == 422)
    }
  }

  @Test func tooManyMessagesAreToldAndThenEnded() async throws {
    try await ServerUnderTest.run({ $0.limits.webSocketMessagesMax = 20 }) { server in
      let socket = try server.webSocket()
      try socket.send((1...22).flatMap(Self.ping))
      for id in 1...20 {
        let message = try socket.message()
        #expect(message.op == "pong" && message.id == id)
      }
      for id in 21...22 {
        let message = try socket.message()
        #expect(message.op == "error" && message.status == 429 && message.id == id)
        #expect(message.retry == 1_000)
      }
      // The connection stays, and may soon ask again.
      let isServed = try await Deadline().holds {
        try socket.ask(#"{"op":"ping","id":99}"#, id: 99).op == "pong"
      }
      #expect(isServed)

      let hostile = try server.webSocket()
      try hostile.send((1...200).flatMap(Self.ping))
      #expect(try hostile.closed() == 1008)
      let ops = hostile.messages.map(\.op)
      #expect(ops.count { $0 == "pong" } >= 20 && ops.count { $0 == "pong" } < 100)
      #expect(ops.count { $0 == "error" } >= 20 && ops.count { $0 == "error" } < 100)
      #expect(hostile.messages.last?.op == "bye")
      #expect(hostile.messages.last?.reason == "rate-limited")
      #expect(try await server.counts(#"fanfare_evictions_total{reason="rate-limited"}"#, 1))
      // Publishing over HTTP is not limited by it.
      let client = try server.connect()
      for _ in 1...60 {
        #expect(try client.publish("/channels/c/events", "t", "1").status == 201)
      }
    }
  }

  @Test func pingFramesCountAsMessages() async throws {
    try await ServerUnderTest.run({ $0.limits.webSocketMessagesMax = 20 }) { server in
      let socket = try server.webSocket()
      try socket.send((1...200).flatMap { _ in SocketFrame.bytes(SocketFrame.ping, [1]) })
      #expect(try socket.closed() == 1008)
      // Answers to the server's own pings do not.
      let answering = try server.webSocket()
      try answering.send((1...200).flatMap { _ in SocketFrame.bytes(SocketFrame.pong, []) })
      #expect(try answering.ask(#"{"op":"ping","id":1}"#, id: 1).op == "pong")
    }
  }

  @Test func aMessageThatIsTooBigEndsTheConnection() async throws {
    try await ServerUnderTest.run { server in
      let bound = Limits().webSocketMessageBytesMax
      let fits = try server.webSocket()
      try fits.frame(SocketFrame.text, [UInt8](repeating: UInt8(ascii: " "), count: bound))
      #expect(try fits.message().status == 400)
      let length = (0..<8).map { UInt8(truncatingIfNeeded: (bound + 1) >> (56 - $0 * 8)) }
      let whole = try server.webSocket()
      try whole.send([0x81, 0xFF] + length + [0, 0, 0, 0])
      #expect(try whole.closed() == 1009)
      let fragments = try server.webSocket()
      try fragments.frame(
        SocketFrame.text, [UInt8](repeating: UInt8(ascii: " "), count: bound), isFinal: false)
      try fragments.frame(SocketFrame.continuation, [UInt8(ascii: " ")])
      #expect(try fragments.closed() == 1009)
      #expect(try await server.counts(#"fanfare_evictions_total{reason="too-big"}"#, 2))
      let metrics = try server.metrics()
      #expect(metrics[#"fanfare_errors_total{protocol="websocket",reason="1009"}"#] == 2)
    }
  }

  /// Nothing of such a client piles up: it is not read further until its answers are taken.
  @Test func aClientThatNeverReadsItsAnswersIsNotServedFurther() async throws {
    try await ServerUnderTest.run({ $0.limits.webSocketMessagesMax = 1_000_000 }) { server in
      let socket = try server.webSocket(receiveBufferBytes: 4_096)
      let frame = SocketFrame.bytes(SocketFrame.ping, EchoContent.binary(125))
      let sent = try socket.connection.sendUnread(frame, bytesMax: 1 << 27)
      #expect(sent < 1 << 26, "the server has taken \(sent) bytes")
      // The others are.
      #expect(try server.connect().publish("/channels/c/events", "t", "1").status == 201)
      let count = sent / frame.count
      for number in 1...count {
        guard try socket.next() == .pong(EchoContent.binary(125)) else {
          Issue.record("answer \(number) is no pong")
          break
        }
      }
      #expect(try socket.ask(#"{"op":"ping","id":1}"#, id: 1).op == "pong")
      #expect(try server.metrics().sum("fanfare_evictions_total") == 0)
    }
  }

  @Test func aNodeThatIsFullTurnsAWebSocketAway() async throws {
    try await ServerUnderTest.run({ $0.limits.connectionsMax = 2 }) { server in
      let held = try (1...2).map { _ in try server.webSocket("/ws?channels=c") }
      for socket in held { _ = try socket.message() }
      for target in ["/ws?channels=c", "/ws", "/ws?channels=c&format=data"] {
        let socket = try server.webSocket(target)
        #expect(try socket.closed() == 1013, "\(target)")
        if target.hasSuffix("data") {
          #expect(socket.messages.isEmpty)
        } else {
          #expect(socket.messages.map(\.op) == ["bye"])
          #expect(socket.messages[0].reason == "too-many-connections")
          #expect((1_000...4_000).contains(socket.messages[0].retry ?? 0))
        }
      }
      held[0].connection.socket.close()
      let isLetIn = try await Deadline().holds {
        let socket = try server.webSocket("/ws?channels=c")
        return try socket.message().op == "attached"
      }
      #expect(isLetIn)
    }
  }

  @Test func aNodeWithTooManyChannelsRefusesOnlyTheSubscribe() async throws {
    try await ServerUnderTest.run({
      $0.limits.channelsMax = 1
      $0.loops = .exactly(1)
    }) { server in
      let socket = try server.webSocket("/ws?channels=a")
      _ = try socket.message()
      let over = try socket.ask(#"{"op":"subscribe","id":1,"channel":"b"}"#, id: 1)
      #expect(over.op == "error" && over.status == 503 && over.retry == 5_000)
      _ = try server.connect().publish("/channels/a/events", "t", "1")
      #expect(try socket.events(1).map(\.data) == ["1"])
      // Where the request named it, the connection could not keep its promise.
      let named = try server.webSocket("/ws?channels=a,b")
      #expect(try named.closed() == 1013)
      #expect(named.messages.map(\.reason) == ["too-many-channels"])
    }
  }

  /// A message has its time, whatever control frames come between its fragments.
  @Test func aMessageThatTakesTooLongEndsTheConnection() async throws {
    try await ServerUnderTest.run({ $0.limits.bodyReadTimeout = .seconds(1) }) { server in
      let socket = try server.webSocket()
      try socket.frame(SocketFrame.text, [UInt8(ascii: "{")], isFinal: false)
      var hasEnded = false
      let isEnded = try await Deadline().holds {
        try? socket.frame(SocketFrame.pong, [])
        try? socket.frame(SocketFrame.continuation, [UInt8(ascii: " ")], isFinal: false)
        do {
          try socket.connection.peek()
        } catch ClientFailure.reset {
          hasEnded = true
        }
        return hasEnded || !socket.connection.input.isEmpty
      }
      #expect(isEnded)
      #expect(try socket.closed() == 1008)
      #expect(socket.messages.map(\.reason) == ["slow-message"])
    }
  }
}
