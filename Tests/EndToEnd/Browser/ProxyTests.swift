import FanfareServer
import FanfareTestKit
import Testing

extension BrowserTests {
  /// The browser client through proxies.
  @Suite struct ProxyTests {
    private static func run(
      _ kind: ProxyProcess.Kind, rules: [String] = [],
      _ body: (ServerUnderTest, BrowserClient) throws -> Void
    ) async throws {
      try await BrowserTests.run { server, browser in
        let proxy = try ProxyProcess(kind, upstream: server.port, rules: rules)
        defer { proxy.stop() }
        try body(server, try BrowserClient(browser, "http://127.0.0.1:\(proxy.port)"))
      }
    }

    /// With their default buffering.
    @Test(
      .enabled(if: ProxyProcess.Kind.allCases.allSatisfy(\.isInstalled), "no nginx or haproxy"),
      arguments: ProxyProcess.Kind.allCases, ["sse", "websocket", "poll"])
    func eventsComeOneByOne(kind: ProxyProcess.Kind, transport: String) async throws {
      try await Self.run(kind) { server, client in
        try client.connect("{ channels: ['a'], transport: '\(transport)' }")
        #expect(try client.opens())
        let publisher = try server.connect()
        for number in 1...10 {
          let start = ContinuousClock.now
          _ = try publisher.publish("/channels/a/events", "t", "\(number)")
          #expect(try client.events(number) == Array(1...number))
          // A proxy that holds events back does so for longer than a busy machine.
          #expect(ContinuousClock.now - start < .seconds(2), "\(kind) \(transport) \(number)")
        }
        let position = try client.page.value("fanfare.publish('a', 't', 11)", as: String.self)
        #expect(position.hasPrefix("11."))
        #expect(try client.events(11) == Array(1...11))
        #expect(try client.attached == ["live"])
        #expect(client.page.faults == [])
      }
    }

    /// A way to the server on which event streams stay without an answer, or are refused, and that
    /// knows no WebSocket.
    @Test(
      .enabled(if: ProxyProcess.Kind.haproxy.isInstalled, "there is no haproxy"),
      arguments: ["tarpit", "deny deny_status 502"])
    func fallsBackToPollWhereStreamsAreBlocked(fate: String) async throws {
      let rules = [
        "timeout tarpit 60s",
        "http-request \(fate) if { req.hdr(Accept) -m sub event-stream }",
        "http-request deny if { path /ws }",
      ]
      try await Self.run(.haproxy, rules: rules) { server, client in
        try client.connect("{ channels: ['a'], patience: 700 }")
        #expect(try client.opens())
        #expect(try client.page.value("fanfare.transport") == "poll")
        #expect(try client.states.contains("websocket connecting"))
        for number in 1...3 {
          _ = try server.connect().publish("/channels/a/events", "t", "\(number)")
          #expect(try client.events(number) == Array(1...number))
        }
        #expect(try client.states.last == "poll open")
      }
    }
  }
}
