import FanfareRuntime
import FanfareServer
import FanfareTestKit
import Testing

/// HTTP as attackers and broken clients speak it. After each the server is as it was.
@Suite struct HostileHTTPTests {
  private static let post =
    "POST /channels/c/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"

  @Test func ambiguousHeadsAreRefusedAndTheConnectionClosed() async throws {
    let get = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
    let heads = [
      Self.post + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      Self.post + "Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcd",
      Self.post + "Content-Length: 4, 4\r\n\r\nabcd", Self.post + "Content-Length: +4\r\n\r\nabcd",
      Self.post + "Content-Length: -1\r\n\r\n", Self.post + "Content-Length: 0x4\r\n\r\nabcd",
      Self.post + "Content-Length: 99999999999999999999\r\n\r\n",
      Self.post + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
      Self.post + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
      Self.post + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
      Self.post + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
      Self.post + "Transfer-Encoding:\u{b}chunked\r\n\r\n0\r\n\r\n",
      Self.post + "Transfer-Encoding: chunked\r\n\r\n-1\r\n",
      Self.post + "Transfer-Encoding: chunked\r\n\r\n1\nx\r\n0\r\n\r\n",
      Self.post + "Transfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n",
      "POST /events HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      get + " folded: x\r\n\r\n", get + "no colon\r\n\r\n", get + ": empty\r\n\r\n",
      get + "X: a\u{0}b\r\n\r\n", get + "X: a\rb\r\n\r\n", get + "Host: again\r\n\r\n",
      "GET /healthz HTTP/1.1\nHost: localhost\n\n", "GET /healthz HTTP/1.1\r\n\r\n",
      "GET  /healthz HTTP/1.1\r\nHost: a\r\n\r\n", "GET /healthz\r\n\r\n",
      "GET /healthz HTTP/1.1 \r\nHost: a\r\n\r\n", "GET healthz HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET /a/../healthz HTTP/1.1\r\nHost: a\r\n\r\n", "GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET /%2 HTTP/1.1\r\nHost: a\r\n\r\n", "GET /healthz HTTP/1.1\r\nHost: a b\r\n\r\n",
      "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}\u{1}\u{fc}\u{3}\u{3}\r\n\r\n",
      "SSH-2.0-OpenSSH_9.2\r\n\r\n", "* OK\r\n\r\n",
    ]
    try await ServerUnderTest.run { server in
      for head in heads {
        let client = try server.connect()
        // A smuggled request behind it is never answered.
        try client.send(head + "GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        let answer = try client.answer()
        #expect(answer.status == 400, "\(head.debugDescription): \(answer.text)")
        #expect(answer["connection"] == "close")
        #expect(try client.isClosedSilently(), "\(head.debugDescription)")
      }
      #expect(try server.read("/channels/c/events?after=oldest").events.isEmpty)
      #expect(try await server.isIdle())
    }
  }

  @Test func otherVersionsAreRefused() async throws {
    try await ServerUnderTest.run { server in
      let preface = try server.connect()
      try preface.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
      #expect(try preface.answer().status == 505)
      #expect(try preface.isClosedSilently())
    }
  }

  @Test func garbageIsRefused() async throws {
    var random = SeededGenerator(seed: 7)
    try await ServerUnderTest.run { server in
      for _ in 0..<100 {
        let client = try server.connect()
        let garbage = random.bytes(count: 1...3_000)
        do {
          try client.send(garbage + Array("\r\n\r\n".utf8))
          let answer = try client.answer()
          #expect((400...505).contains(answer.status), "seed 7: \(garbage)")
          #expect(try client.isClosedSilently())
        } catch ClientFailure.reset {
          // The refusal may be overtaken by what the server did not read.
        }
      }
      #expect(try await server.isIdle())
    }
  }

  @Test func aSlowHeadIs408() async throws {
    try await ServerUnderTest.run({ $0.limits.headReadTimeout = .milliseconds(200) }) { server in
      let first = try server.connect()
      try first.send("GET /heal")
      #expect(try first.answer().status == 408)
      #expect(try first.isClosedSilently())
      // The time counts from the first byte: a drip does not prolong it.
      let dripping = try server.connect()
      #expect(try dripping.ask("GET", "/healthz").status == 200)
      let deadline = Deadline()
      for byte in "GET /healthz HTTP/1.1\r\nX: ".utf8 { try dripping.send([byte]) }
      while !deadline.hasPassed, dripping.input.isEmpty {
        try dripping.send("x")
        _ = dripping.socket.waits(Deadline(.milliseconds(20)))
        if (try? dripping.peek()) == nil { break }
      }
      #expect(try dripping.answer().status == 408)
      // One that says nothing is closed without a word.
      #expect(try server.connect().isClosedSilently())
      #expect(try await server.isIdle())
    }
  }

  @Test func aSlowBodyIs408() async throws {
    try await ServerUnderTest.run({ $0.limits.bodyReadTimeout = .milliseconds(200) }) { server in
      for framing in ["Content-Length: 100\r\n\r\n{", "Transfer-Encoding: chunked\r\n\r\n5\r\n{"] {
        let client = try server.connect()
        try client.send(Self.post + framing)
        let answer = try client.answer()
        #expect(answer.status == 408)
        #expect(try answer.problem.type.hasSuffix("/slow-body"))
        #expect(try client.isClosedSilently())
      }
      #expect(try await server.isIdle())
    }
  }

  @Test func headsThatAreTooLarge() async throws {
    try await ServerUnderTest.run { server in
      let get = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
      let large = try server.connect()
      try large.send(get + "X: " + String(repeating: "x", count: 16_384) + "\r\n\r\n")
      #expect(try large.answer().status == 431)
      #expect(try large.isClosedSilently())
      let many = try server.connect()
      try many.send(get + String(repeating: "X: y\r\n", count: 200) + "\r\n")
      #expect(try many.answer().status == 431)
      // One that never ends is refused as soon as it is too large.
      let endless = try server.connect()
      try endless.send(get + "X: " + String(repeating: "x", count: 20_000))
      #expect(try endless.answer().status == 431)
      let fits = try server.connect()
      try fits.send(get + "X: " + String(repeating: "x", count: 16_000) + "\r\n\r\n")
      #expect(try fits.answer().status == 200)
      #expect(try await server.isIdle(but: 1))
    }
  }

  @Test func clientsThatVanish() async throws {
    try await ServerUnderTest.run { server in
      let parts = [
        "", "GET /hea", Self.post + "Content-Length: 21\r\n\r\n{",
        Self.post + "Expect: 100-continue",
        "GET /channels/c/events?wait=60 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /channels/c/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n",
        Self.post + "Content-Length: 21\r\n\r\n{\"type\":\"t\",\"data\":1}",
      ]
      for part in parts {
        for leaves in [TestSocket.abort, TestSocket.close, TestSocket.finishSending] {
          let client = try server.connect()
          try client.send(part)
          leaves(client.socket)()
        }
      }
      #expect(try await server.isIdle())
      #expect(try server.connect().publish("/channels/c/events", "t", "1").status == 201)
    }
  }

  @Test func thousandsOfPipelinedRequestsInOneWrite() async throws {
    try await ServerUnderTest.run { server in
      let client = try server.connect()
      let count = 2_000
      let request = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
      try client.send(String(repeating: request, count: count))
      for _ in 1...count { #expect(try client.answer().status == 200) }
      // Refusals, which are answered at once, do not nest either.
      let refused = try server.connect()
      try refused.send(
        String(repeating: "GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n", count: count))
      for _ in 1...count { #expect(try refused.answer().status == 404) }
    }
  }

  @Test func aClientThatNeverReadsItsAnswersIsNotReadEither() async throws {
    try await ServerUnderTest.run { server in
      let data = "\"" + String(repeating: "x", count: 60_000) + "\""
      for _ in 1...10 {
        #expect(try server.connect().publish("/channels/c/events", "t", data).status == 201)
      }
      // Made before the connection, which the server closes if it stays silent.
      let request = "GET /channels/c/events?after=oldest HTTP/1.1\r\nHost: localhost\r\n\r\n"
      var rest = Array(String(repeating: request, count: 200_000).utf8)[...]
      let client = try server.connect(receiveBufferBytes: 4_096)
      // The kernel's buffers fill up, then the server's bound holds.
      while client.socket.waits(writing: true, reading: false, Deadline(.milliseconds(300))) {
        rest = rest.dropFirst(try client.socket.sendSome(rest.prefix(65_536)))
      }
      #expect(!rest.isEmpty)
      #expect(try server.metrics()["process_resident_memory_bytes"] ?? 0 < 2e9)
      client.socket.abort()
      #expect(try await server.isIdle())
    }
  }
}
