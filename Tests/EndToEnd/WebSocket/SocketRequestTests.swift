import FanfareServer
import FanfareTestKit
import Testing

/// The opening handshake, and what the request itself may ask for.
@Suite struct SocketRequestTests {
  private static let handshake = TestWebSocket.handshake
  private static let targets = ["/ws", "/ws?channels=c", "/api/workflows/7/updates"]

  @Test func whoDoesNotUpgradeIsToldHow() async throws {
    try await ServerUnderTest.run { server in
      for target in Self.targets {
        for fields in [
          [], ["Connection: Upgrade"], ["Upgrade: websocket"],
          ["Connection: Upgrade", "Upgrade: h2c"],
          Self.handshake.filter { !$0.hasPrefix("Upgrade") },
        ] {
          let answer = try server.ask("GET", target, fields)
          #expect(answer.status == 426, "\(target) \(fields)")
          #expect(answer["upgrade"] == "websocket")
          #expect(try answer.problem.status == 426)
        }
        for version in [nil, "8", "14", "13, 8", ""] as [String?] {
          let fields = Self.handshake.filter { !$0.contains("Version") }
          let answer = try server.ask(
            "GET", target, fields + (version.map { ["Sec-WebSocket-Version: \($0)"] } ?? []))
          #expect(answer.status == 426, "\(version ?? "none")")
          #expect(answer["sec-websocket-version"] == "13")
        }
        for keys in [
          [], [""], ["x"], ["dGhlIHNhbXBsZSBub25jZQ"], ["dGhlIHNhbXBsZQ=="], ["a", "a"],
        ] {
          let fields = Self.handshake.filter { !$0.contains("Key") }
          let answer = try server.ask(
            "GET", target, fields + keys.map { "Sec-WebSocket-Key: \($0)" })
          #expect(answer.status == 400, "\(keys)")
        }
        #expect(try server.ask("POST", target, Self.handshake, body: "{}").status == 405)
        #expect(try server.ask("GET", target, Self.handshake, body: "{}").status == 400)
      }
    }
  }

  @Test func pagesOfForeignOriginsAreRefused() async throws {
    try await ServerUnderTest.run({
      $0.origins = ["https://app.example"]
      $0.hosts = ["events.example"]
      $0.diagnosticsEcho = true
    }) { server in
      for target in Self.targets + ["/ws/echo"] {
        for fields in [
          ["Origin: https://evil.example"], ["Origin: null"], ["Sec-Fetch-Site: cross-site"],
          ["Origin: http://app.example"],
        ] {
          let answer = try server.ask("GET", target, Self.handshake + fields)
          #expect(answer.status == 403, "\(target) \(fields)")
        }
        let listed = try server.webSocket(target, ["Origin: https://app.example"])
        #expect(listed.head.status == 101)
      }
      let own = try server.connect()
      let host = "localhost:\(server.port)"
      try own.send(
        (["GET /ws HTTP/1.1", "Host: \(host)", "Origin: http://\(host)"] + Self.handshake)
          .map { $0 + "\r\n" }.joined() + "\r\n")
      #expect(try own.head().status == 101)
      let foreign = try server.connect()
      try foreign.send(
        (["GET /ws HTTP/1.1", "Host: evil.example"] + Self.handshake)
          .map { $0 + "\r\n" }.joined() + "\r\n")
      #expect(try foreign.answer().status == 403)
    }
  }

  @Test func whatTheQueryCannotAskFor() async throws {
    try await ServerUnderTest.run { server in
      for (query, status) in [
        ("channels=", 400), ("channels=a,a", 400), ("channels=a%20b", 400), ("format=xml", 400),
        ("channels=a&after=x", 400), ("channels=a&after=1.abcdefgh", 400),
        ("channels=a&after=oldest&last=1", 400), ("channels=a&types=", 400),
        ("channels=a&channels=b", 400), ("channels=a&last=x", 400),
      ] {
        let answer = try server.ask("GET", "/ws?\(query)", Self.handshake)
        #expect(answer.status == status, "\(query)")
      }
    }
  }

  @Test func aRequestBeforeTheHandshakeIsAnsweredFirst() async throws {
    try await ServerUnderTest.run { server in
      let client = try server.connect()
      let text = #"{"op":"ping","id":1}"#
      try client.send(
        Array(
          ("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
            + "GET /ws HTTP/1.1\r\nHost: localhost\r\n"
            + Self.handshake.map { $0 + "\r\n" }.joined() + "\r\n").utf8)
          + SocketFrame.bytes(SocketFrame.text, Array(text.utf8)))
      #expect(try client.answer().status == 200)
      #expect(try client.head().status == 101)
      let frame = try client.read("a frame") { try SocketFrame.first(of: &$0) }
      #expect(frame.payload == Array(#"{"op":"pong","id":1}"#.utf8))
    }
  }

  // MARK: Only the data

  @Test func onlyTheDataIsSentWhereThatIsAskedFor() async throws {
    try await ServerUnderTest.run { server in
      let publisher = try server.connect()
      _ = try publisher.publish("/workflows/7/events", "t", "[ 0 ]")
      let sockets = try [
        "/api/workflows/7/updates", "/ws?channels=workflow:7&format=data",
        "/api/workflows/7/updates?after=oldest",
      ].map { try server.webSocket($0) }
      #expect(try sockets[2].next() == .text(Array("[ 0 ]".utf8)))
      let follows = try await Deadline().holds {
        try server.ask("GET", "/channels").text.contains(#""followers":3"#)
      }
      #expect(follows)
      let texts = [#"{"workflow_id":7, "status":"running"}"#, "\"ä\"", "17"]
      for text in texts { _ = try publisher.publish("/workflows/7/events", "t", text) }
      for socket in sockets {
        for text in texts { #expect(try socket.next() == .text(Array(text.utf8))) }
        // What such a client says is not answered, but by the protocol itself.
        try socket.text(#"{"op":"ping","id":1}"#)
        try socket.frame(SocketFrame.binary, [0])
        try socket.ping([1])
        #expect(try socket.next() == .pong([1]))
        try socket.close(1_000)
        #expect(try socket.next() == .close(1_000, reason: ""))
        #expect(try socket.isEnded())
      }
    }
  }

  @Test func aHoleEndsAConnectionThatCannotTellIt() async throws {
    try await ServerUnderTest.run({ settings in
      settings.namespaceDefaults.historyEventsMax = 5
      settings.limits.mailboxEventsMax = 16
    }) { server in
      let publisher = try server.connect()
      for number in 1...20 { _ = try publisher.publish("/workflows/7/events", "t", "\(number)") }
      let cursor = try server.read("/workflows/7/events?after=oldest").cursor
      let epoch = try #require(cursor.split(separator: ".").last)
      for position in ["2.\(epoch)", "99.\(epoch)"] {
        for target in [
          "/api/workflows/7/updates?after=\(position)",
          "/ws?channels=workflow:7&format=data&after=\(position)",
        ] {
          let socket = try server.webSocket(target)
          #expect(try socket.closed() == 1013, "\(target)")
          #expect(socket.messages.isEmpty)
        }
      }
      let whole = try server.webSocket("/api/workflows/7/updates?after=17.\(epoch)")
      for text in ["18", "19", "20"] { #expect(try whole.next() == .text(Array(text.utf8))) }

      // While it is attached, too.
      let slow = try server.webSocket("/api/workflows/7/updates", receiveBufferBytes: 4_096)
      let padding = String(repeating: "x", count: 60_000)
      for number in 1...200 {
        let answer = try publisher.publish("/workflows/7/events", "t", "\"\(number) \(padding)\"")
        #expect(answer.status == 201)
      }
      // Nothing tells when it was attached; from its first event on none is missing.
      var next: Int?
      reading: while true {
        switch try slow.next() {
        case .text(let text):
          let digits = text.dropFirst().prefix { $0 > 32 }
          let number = try #require(Int(String(decoding: digits, as: UTF8.self)))
          #expect(number == next ?? number)
          next = number + 1
        case .close(let code, _):
          #expect(code == 1013)
          break reading
        default: Issue.record("neither data nor a close")
        }
      }
      #expect(try #require(next) < 200)
      #expect(try await server.counts(#"fanfare_evictions_total{reason="hole"}"#, 5))
    }
  }
}
