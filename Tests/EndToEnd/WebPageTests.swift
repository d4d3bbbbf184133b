import FanfareServer
import FanfareTestKit
import Testing

/// What web pages may do: those of listed origins everything, all others nothing.
@Suite struct WebPageTests {
  private static let app = "https://app.example"

  private static func listed(_ settings: inout Settings) {
    settings.origins = [app]
    settings.hosts = ["events.example"]
  }

  @Test func aListedOriginMayPreflightAndPublishAndRead() async throws {
    try await ServerUnderTest.run(Self.listed) { server in
      let client = try server.connect()
      let preflight = try client.ask(
        "OPTIONS", "/channels/c/events",
        [
          "Origin: \(Self.app)", "Access-Control-Request-Method: POST",
          "Access-Control-Request-Headers: content-type, idempotency-key",
        ])
      #expect(preflight.status == 204)
      #expect(preflight["access-control-allow-origin"] == Self.app)
      #expect(preflight["access-control-allow-credentials"] == "true")
      #expect(preflight["access-control-allow-methods"]?.contains("POST") == true)
      for name in ["content-type", "idempotency-key", "last-event-id"] {
        #expect(preflight["access-control-allow-headers"]?.contains(name) == true)
      }
      let fields = ["Origin: \(Self.app)", "Sec-Fetch-Site: cross-site"]
      for answer in [
        try client.publish("/channels/c/events", "t", "1", fields),
        try client.ask("GET", "/channels/c/events?last=1", fields),
        try client.ask("GET", "/channels/c/events?last=x", fields),
        try client.ask("GET", "/nowhere", fields),
      ] {
        #expect(answer["access-control-allow-origin"] == Self.app, "\(answer.statusLine)")
        #expect(answer["vary"] == "Origin", "\(answer.statusLine)")
      }
      let stream = try server.stream("/channels/c/events", fields)
      #expect(stream.head["access-control-allow-origin"] == Self.app)
      #expect(stream.head["access-control-allow-credentials"] == "true")
      #expect(try client.ask("GET", "/healthz")["vary"] == "Origin")
    }
  }

  @Test func foreignPagesGetNothing() async throws {
    try await ServerUnderTest.run(Self.listed) { server in
      for fields in [
        ["Origin: https://evil.example"], ["Origin: null"], ["Sec-Fetch-Site: cross-site"],
        ["Sec-Fetch-Site: same-site"], ["Origin: http://app.example"],
        ["Origin: \(Self.app)", "Origin: \(Self.app)"],
      ] {
        let client = try server.connect()
        let publish = try client.publish("/channels/c/events", "t", "1", fields)
        #expect(publish.status == 403, "\(fields)")
        #expect(publish["access-control-allow-origin"] == nil)
        // The body of the refused publish was not read.
        let next = try server.connect()
        #expect(try next.ask("GET", "/channels/c/events?last=1", fields).status == 403)
        let preflight = try next.ask(
          "OPTIONS", "/events", fields + ["Access-Control-Request-Method: POST"])
        #expect(preflight.status == 403)
        #expect(try client.isClosedSilently(), "\(fields)")
      }
      #expect(try server.read("/channels/c/events?after=oldest").events.isEmpty)
    }
  }

  @Test func theServersOwnPagesMayUseIt() async throws {
    try await ServerUnderTest.run { server in
      for host in ["localhost:\(server.port)", "127.0.0.1:\(server.port)"] {
        let client = try server.connect()
        try client.send(
          "GET /channels/c/events?last=1 HTTP/1.1\r\nHost: \(host)\r\n"
            + "Origin: http://\(host)\r\nSec-Fetch-Site: same-origin\r\n\r\n")
        #expect(try client.answer().status == 200, "\(host)")
      }
    }
  }

  @Test func anUnknownHostIsRefused() async throws {
    try await ServerUnderTest.run(Self.listed) { server in
      for (host, status) in [
        ("evil.example", 403), ("evil.example:80", 403), ("events.example", 200),
        ("events.example:\(server.port)", 200), ("events.example:1", 403), ("localhost:1", 200),
        ("[::1]:\(server.port)", 200),
      ] {
        // Several, so that every loop is asked.
        for _ in 1...8 {
          let client = try server.connect()
          try client.send("GET /healthz HTTP/1.1\r\nHost: \(host)\r\n\r\n")
          #expect(try client.answer().status == status, "\(host)")
        }
      }
    }
  }
}
