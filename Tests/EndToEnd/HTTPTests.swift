import FanfareRuntime
import FanfareServer
import FanfareTestKit
import Testing

/// HTTP as well-behaved clients speak it.
@Suite struct HTTPTests {
  private static let event = #"{"type":"t","data":1}"#
  private static let publish =
    "POST /channels/c/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"

  @Test func aBodyIsAwaitedWithContinue() async throws {
    try await ServerUnderTest.run { server in
      let client = try server.connect()
      try client.send(Self.publish + "Expect: 100-continue\r\nContent-Length: 21\r\n\r\n")
      #expect(try client.answer().status == 100)
      try client.send(Self.event)
      #expect(try client.answer().status == 201)
      // What will be refused is refused before the body is sent.
      try client.send(
        "POST /channels/c/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n"
          + "Expect: 100-continue\r\nContent-Length: 21\r\n\r\n")
      #expect(try client.answer().status == 415)
      #expect(try client.isClosedSilently())
    }
  }

  @Test func chunkedBodiesArePutTogether() async throws {
    try await ServerUnderTest.run { server in
      let client = try server.connect()
      let chunks = Self.event.map { "1;ext=\"a\"\r\n\($0)\r\n" }.joined()
      let request =
        Self.publish + "Transfer-Encoding: chunked\r\n\r\n" + chunks + "0\r\nTrailer: x\r\n\r\n"
      try client.send(request)
      #expect(try client.answer().status == 201)
      // Byte by byte, and two at once.
      for byte in request.utf8 { try client.send([byte]) }
      #expect(try client.answer().status == 201)
      try client.send(request + request)
      #expect(try client.answer().status == 201)
      #expect(try client.answer().json(PublishedBody.self).position?.offset == 4)
    }
  }

  @Test func pipelinedRequestsAreAnsweredInOrder() async throws {
    try await ServerUnderTest.run { server in
      let client = try server.connect()
      var text = ""
      for _ in 1...50 {
        text += Self.publish + "Content-Length: 21\r\n\r\n" + Self.event
        text += "GET /channels/c/events?last=1 HTTP/1.1\r\nHost: localhost\r\n\r\n"
        text += "GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n"
      }
      try client.send(text)
      for offset in 1...50 {
        #expect(try client.answer().json(PublishedBody.self).position?.offset == offset)
        #expect(try client.answer().events.positions.map(\.offset) == [offset])
        #expect(try client.answer().status == 404)
      }
    }
  }

  @Test func pipelinedRequestsBeforeAHalfCloseAreAllAnswered() async throws {
    try await ServerUnderTest.run { server in
      let client = try server.connect()
      var text = ""
      for _ in 1...20 { text += Self.publish + "Content-Length: 21\r\n\r\n" + Self.event }
      try client.send(text)
      client.socket.finishSending()
      for offset in 1...20 {
        #expect(try client.answer().json(PublishedBody.self).position?.offset == offset)
      }
      #expect(try client.isClosedSilently())
    }
  }

  @Test func aHeadAnswersLikeAGetWithoutABody() async throws {
    try await ServerUnderTest.run { server in
      let client = try server.connect()
      let targets = [
        "/channels/c/events?after=oldest", "/healthz", "/readyz", "/channels", "/nowhere",
      ]
      for target in targets {
        let head = try client.ask("HEAD", target)
        let get = try client.ask("GET", target)
        #expect(head.status == get.status)
        #expect(head["content-type"] == get["content-type"])
        #expect(head["content-length"] == "\(get.body.count)", "\(target)")
      }
      let stream = try client.ask("HEAD", "/channels/c/events", ["Accept: text/event-stream"])
      #expect(stream.status == 200)
      #expect(stream["content-type"] == "text/event-stream")
      #expect(try client.ask("GET", "/healthz").status == 200)
    }
  }

  @Test func methodsAndPathsThatAreNotServed() async throws {
    try await ServerUnderTest.run { server in
      let client = try server.connect()
      for (method, target, allow) in [
        ("DELETE", "/channels/c/events", "GET, HEAD, POST, OPTIONS"),
        ("PUT", "/events", "GET, HEAD, POST, OPTIONS"), ("POST", "/metrics", "GET, HEAD, OPTIONS"),
        ("BREW", "/healthz", "GET, HEAD, OPTIONS"), ("POST", "/channels", "GET, HEAD, OPTIONS"),
      ] {
        let answer = try client.ask(method, target)
        #expect(answer.status == 405)
        #expect(answer["allow"] == allow)
      }
      for target in [
        "/index.html", "/channels/c", "/channels/c/events/", "//events", "/Events", "/ws/echo",
      ] {
        let answer = try client.ask("GET", target)
        #expect(answer.status == 404, "\(target)")
        #expect(try answer.problem.type.hasSuffix("/not-found"))
      }
      for target in [
        "/channels/a%20b/events", "/channels/a%2Fb/events", "/projects/%C3%A9/events",
      ] {
        #expect(try client.ask("GET", target).status == 400, "\(target)")
      }
      #expect(try client.ask("GET", "/channels/a%3Ab/events?last=1").status == 200)
      #expect(try client.ask("GET", "http://localhost/healthz").status == 200)
    }
  }

  @Test func aBodyThatNothingWantsEndsTheConnectionAfterTheAnswer() async throws {
    try await ServerUnderTest.run { server in
      for (method, target, fields, status) in [
        ("GET", "/healthz", [], 200), ("GET", "/nowhere", [], 404),
        ("OPTIONS", "/events", [], 204), ("HEAD", "/healthz", [], 200),
        ("HEAD", "/channels/c/events", ["Accept: text/event-stream"], 200),
      ] {
        let client = try server.connect()
        try client.request(method, target, fields, body: "GET /smuggled HTTP/1.1\r\n\r\n")
        let answer = try client.answer(to: method)
        #expect(answer.status == status, "\(method) \(target)")
        #expect(answer["connection"] == "close", "\(method) \(target)")
        #expect(try client.rest().isEmpty, "\(method) \(target)")
      }
    }
  }

  @Test func keepAliveAsTheVersionSays() async throws {
    try await ServerUnderTest.run { server in
      let asked = try server.connect()
      let last = try asked.ask("GET", "/healthz", ["Connection: close"])
      #expect(last["connection"] == "close")
      #expect(try asked.isClosedSilently())
      let old = try server.connect()
      try old.send("GET /healthz HTTP/1.0\r\n\r\n")
      // An HTTP/1.0 client need not send a Host, and then is nobody's page.
      #expect(try [200, 403].contains(old.answer().status))
      #expect(try old.isClosedSilently())
      let kept = try server.connect()
      for _ in 1...2 {
        try kept.send("GET /healthz HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n")
        let answer = try kept.answer()
        #expect(answer.status == 200)
        #expect(answer["connection"] == "keep-alive")
      }
    }
  }

  @Test func anIdleConnectionIsClosed() async throws {
    try await ServerUnderTest.run({ $0.limits.keepAliveTimeout = .milliseconds(100) }) { server in
      let client = try server.connect()
      #expect(try client.ask("GET", "/healthz").status == 200)
      #expect(try client.isClosedSilently())
      #expect(try await server.isIdle())
    }
  }

  @Test func answersCarryADateAndOthersAreNotCached() async throws {
    try await ServerUnderTest.run { server in
      for target in ["/healthz", "/channels/c/events?last=1", "/metrics"] {
        let answer = try server.ask("GET", target)
        #expect(answer["cache-control"] == "no-store", "\(target)")
        #expect(answer["date"]?.hasSuffix(" GMT") == true)
      }
    }
  }
}
