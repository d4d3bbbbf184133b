import FanfareRuntime
import FanfareServer
import FanfareTestKit
import Testing

/// How WebSockets live and end: pings, silence, stalls, the server's stop.
@Suite struct SocketLifeTests {
  @Test func stoppingSaysByeAndCloses() async throws {
    try await ServerUnderTest.runEcho { server in
      let sockets = try ["/ws", "/ws?channels=c", "/ws?channels=c&format=data", "/ws/echo"].map {
        try server.webSocket($0)
      }
      _ = try sockets[1].message()
      for socket in sockets {
        try socket.ping()
        #expect(try socket.next() == .pong([]))
      }
      let start = ContinuousClock.now
      // Not on this thread, which waits for what the stop does.
      let stopped = Task.detached { await server.stop() }
      for (index, socket) in sockets.enumerated() {
        #expect(try socket.closed() == 1012, "\(index)")
        let byes = socket.messages.filter { $0.op == "bye" }
        #expect(byes.count == (index < 2 ? 1 : 0), "\(index)")
        for bye in byes {
          #expect(bye.reason == "shutdown" && (600...3_600).contains(bye.retry ?? 0))
        }
      }
      await stopped.value
      #expect(ContinuousClock.now - start < .seconds(30))
    }
  }

  @Test func aStopDoesNotWaitForThoseWhoNeverAnswer() async throws {
    try await ServerUnderTest.runEcho { server in
      let sockets = try ["/ws", "/ws/echo"].map { try server.webSocket($0) }
      let start = ContinuousClock.now
      await server.stop()
      #expect(ContinuousClock.now - start < .seconds(5))
      for socket in sockets { #expect(try socket.closed() == 1012) }
    }
  }

  @Test func theServerAsksWhetherSomebodyIsThere() async throws {
    try await ServerUnderTest.run({ $0.limits.heartbeat = .seconds(1) }) { server in
      let answering = try server.webSocket("/ws?channels=c")
      let silent = try server.webSocket("/ws?channels=c")
      let busy = try server.webSocket("/ws?channels=c")
      for socket in [answering, silent, busy] { _ = try socket.message() }
      let start = ContinuousClock.now
      var pings = 0
      while ContinuousClock.now - start < .seconds(4) {
        // A client that speaks is there, whether or not it answers pings.
        try busy.text(#"{"op":"ping","id":1}"#)
        guard case .ping(let payload) = try answering.next() else {
          Issue.record("no ping")
          break
        }
        pings += 1
        try answering.frame(SocketFrame.pong, payload)
      }
      #expect((3...5).contains(pings))
      #expect(try silent.closed() == 1008)
      #expect(silent.messages.last?.reason == "silent")
      #expect(try busy.ask(#"{"op":"ping","id":2}"#, id: 2).op == "pong")
      #expect(try await server.counts(#"fanfare_evictions_total{reason="silent"}"#, 1))
      #expect(try server.metrics()[#"fanfare_connections{transport="websocket"}"#] == 2)
    }
  }

  /// Events keep coming, and are taken by the kernel; nobody answers.
  @Test func eventsAreNoSignOfLife() async throws {
    try await ServerUnderTest.run({ $0.limits.heartbeat = .seconds(1) }) { server in
      let socket = try server.webSocket("/ws?channels=c")
      let publisher = try server.connect()
      let isEvicted = try await Deadline().holds {
        _ = try publisher.publish("/channels/c/events", "t", "1")
        return try server.metrics()[#"fanfare_evictions_total{reason="silent"}"#] == 1
      }
      #expect(isEvicted)
      #expect(try socket.closed() == 1008)
    }
  }

  @Test func aSocketThatTakesNothingIsEvicted() async throws {
    try await ServerUnderTest.run({
      // Long enough that the socket is full before the client is taken for silent.
      $0.limits.heartbeat = .seconds(4)
      $0.limits.writeDeadline = .seconds(1)
    }) { server in
      let socket = try server.webSocket("/ws?channels=c", receiveBufferBytes: 4_096)
      let publisher = try server.connect()
      let padding = String(repeating: "x", count: 60_000)
      let isEvicted = try await Deadline(.seconds(30)).holds {
        _ = try publisher.publish("/channels/c/events", "t", "\"\(padding)\"")
        let metrics = try server.metrics()
        return metrics.sum("fanfare_evictions_total") == 1
      }
      #expect(isEvicted)
      let metrics = try server.metrics()
      #expect(metrics[#"fanfare_evictions_total{reason="stalled"}"#] == 1)
      socket.connection.socket.close()
      #expect(try await server.isIdle(but: 1))
    }
  }

  @Test func operatorsSeeIt() async throws {
    try await ServerUnderTest.run { server in
      let socket = try server.webSocket("/ws?channels=a,b&after=oldest")
      _ = try socket.message()
      _ = try server.connect().publish("/channels/a/events", "t", "1")
      _ = try socket.events(1)
      let connections = try server.ask("GET", "/connections").text
      #expect(connections.contains(#""transport":"websocket""#))
      #expect(connections.contains(#""channels":["a","b"]"#))
      #expect(connections.contains(#""delivered":1"#))
      let metrics = try server.metrics()
      #expect(metrics[#"fanfare_deliveries_total{transport="websocket"}"#] == 1)
      try socket.close(1_000)
      #expect(try socket.closed() == 1000)
      #expect(try await server.isIdle())
      #expect(
        server.log.lines.contains {
          $0.contains("transport=websocket") && $0.contains("reason=client-closed")
        })
    }
  }
}
