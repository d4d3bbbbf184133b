import FanfareServer
import FanfareTestKit
import Testing

extension BrowserTests {
  /// `/fanfare.js` with a server.
  @Suite struct BrowserClientTests {
    private static func publish(
      _ numbers: ClosedRange<Int>, to channel: String = "a", _ server: ServerUnderTest
    ) throws {
      let lines = numbers.map { #"{"type":"t\#($0 % 2)","data":\#($0)}"# }
      let answer = try server.connect().publish(lines: lines, "/channels/\(channel)/events")
      #expect(answer.status == 200)
    }

    @Test(arguments: ["sse", "websocket", "poll"])
    func handlersGetTheirTypesOverOneConnection(transport: String) async throws {
      try await BrowserTests.run { server, browser in
        let client = try BrowserClient(browser, server.url)
        try client.connect("{ channels: ['a', 'b'], transport: '\(transport)' }")
        try client.page.run(
          """
          log.odd = []; log.ts = []; log.no = [];
          fanfare.on("t1", (event) => log.odd.push(`${event.channel}${event.data}`));
          fanfare.on("t*", (event) => { log.ts.push(event.data); throw new Error("thrown"); });
          const off = fanfare.on("*", () => log.no.push(1));
          off();
          """)
        #expect(try client.opens())
        try Self.publish(1...3, server)
        try Self.publish(4...5, to: "b", server)
        #expect(try client.events(5) == [1, 2, 3, 4, 5])
        #expect(try client.page.value("log.odd") == ["a1", "a3", "b5"])
        #expect(try client.page.value("log.ts") == [1, 2, 3, 4, 5])
        #expect(try client.page.value("log.no.length") == 0)
        #expect(try client.attached == ["live", "live"])
        if transport != "poll" {
          let metrics = try server.metrics()
          #expect(metrics[#"fanfare_connections{transport="\#(transport)"}"#] == 1)
        }
        // What a handler throws is reported, and nothing else is amiss.
        #expect(client.page.faults.count == 5)
        #expect(client.page.faults.allSatisfy { $0.contains("thrown") })
      }
    }

    @Test(arguments: ["sse", "websocket", "poll"])
    func aReloadLosesNothingAndRepeatsNothing(transport: String) async throws {
      try await BrowserTests.run { server, browser in
        let client = try BrowserClient(browser, server.url)
        let options = "{ channels: ['a', 'b'], types: ['t1'], transport: '\(transport)' }"
        try client.connect(options)
        #expect(try client.opens())
        try Self.publish(1...5, server)
        #expect(try client.events(3) == [1, 3, 5])
        try client.page.reload()
        try Self.publish(6...9, server)
        try Self.publish(10...11, to: "b", server)
        try client.connect(options)
        #expect(try client.events(3).sorted() == [7, 9, 11])
        #expect(try client.attached == ["resumed", "resumed"])
        // Other types are another subscription: it begins anew.
        try client.page.run("fanfare.close()")
        try client.connect("{ channels: ['a', 'b'], transport: '\(transport)' }")
        #expect(try client.opens())
        #expect(try client.attached == ["live", "live"])
        #expect(client.page.faults == [])
      }
    }

    @Test func gapsAreToldWithTheirNumber() async throws {
      try await BrowserTests.run {
        $0.namespaceDefaults.historyEventsMax = 5
      } _: { server, browser in
        try Self.publish(1...1, server)
        let client = try BrowserClient(browser, server.url)
        try client.connect("{ channels: ['a'], after: 'oldest' }")
        #expect(try client.opens())
        try Self.publish(2...3, server)
        #expect(try client.events(3) == [1, 2, 3])
        try client.page.run("fanfare.close()")
        // The mailbox would still serve it; that goes with its last follower.
        let isForgotten = try await Deadline().holds {
          try server.ask("GET", "/channels").text.contains(#""depth":0"#)
        }
        #expect(isForgotten)
        try Self.publish(4...20, server)
        try client.connect("{ channels: ['a'] }")
        #expect(try client.events(5) == Array(16...20))
        #expect(try client.attached == ["gap"])
        #expect(try client.gaps == [12])
        #expect(try client.resets == [])
      }
    }

    @Test func aRestartIsOneResetAfterTheTimeThatTheServerAskedFor() async throws {
      try await ServerUnderTest.onThread {
        let browser = try Browser()
        defer { browser.close() }
        let first = try await ServerUnderTest.start()
        let client = try BrowserClient(browser, first.url)
        try client.connect("{ channels: ['a'] }")
        #expect(try client.opens())
        try Self.publish(1...5, first)
        #expect(try client.events(5).count == 5)
        await first.stop()
        #expect(try client.waits(for: "fanfare.state === 'waiting'"))
        // The client's own first wait would be less than a second.
        let wait: Double = try client.page.value("log.states.at(-1).retryIn")
        #expect((600...4_000).contains(wait), "\(wait)")
        let port = Int(first.port)
        try await ServerUnderTest.run {
          $0.listen = ListenAddress(host: "127.0.0.1", port: port)
        } _: { second in
          try Self.publish(6...7, second)
          // Their offsets are those of events that it has seen.
          #expect(try client.events(7) == Array(1...7))
          #expect(try client.attached == ["live", "reset"])
          #expect(try client.resets == ["a"])
          #expect(try client.states.last == "sse open")
        }
      }
    }

    @Test func aCursorThatTheServerCannotReadIsAReset() async throws {
      try await BrowserTests.run { server, browser in
        let client = try BrowserClient(browser, server.url)
        let stored = #"{ getItem: () => "7.ofanother", setItem() {} }"#
        try client.connect("{ channels: ['a'], storage: \(stored) }")
        #expect(try client.opens())
        #expect(try client.resets == ["a"])
        #expect(try client.attached == ["live"])
      }
    }

    @Test func whatIsRefusedForGoodIsNotAskedAgain() async throws {
      try await BrowserTests.run { server, browser in
        let client = try BrowserClient(browser, server.url)
        try client.connect("{ channels: ['not a name'] }")
        #expect(try client.waits(for: "fanfare.state === 'closed'"))
        #expect(try client.states == ["sse connecting", "sse closed"])
        #expect(try client.page.value("log.states[1].error", as: String.self).contains("channels"))
        let refusal = try client.page.value(
          """
          fanfare.publish("a", "no type", 1)
            .catch((error) => [error.status, error.kind, String(error.isFinal)].join(" "))
          """, as: String.self)
        #expect(refusal == "422 bad-event true")
      }
    }

    @Test func aPublishWhoseAnswerIsLostIsStoredOnce() async throws {
      try await BrowserTests.run { server, browser in
        let client = try BrowserClient(browser, server.url)
        try client.connect("{ channels: [] }")
        try client.page.run(
          """
          const real = window.fetch;
          window.sent = [];
          window.fetch = async (...request) => {
            sent.push(request[1].headers["Idempotency-Key"]);
            const response = await real(...request);
            if (sent.length < 2) throw new TypeError("the answer is lost");
            return response;
          };
          """)
        let position = try client.page.value(
          #"fanfare.publish("a", "t", { text: "<&> ü" })"#, as: String.self)
        let keys: [String] = try client.page.value("sent")
        #expect(keys.count == 2 && Set(keys).count == 1 && keys[0].count >= 32)
        let read = try server.ask("GET", "/channels/a/events?after=oldest")
        #expect(try read.events.positions == [position])
        #expect(read.eventData == [#"{"text":"<&> ü"}"#])
      }
    }

    @Test func closingEndsTheConnection() async throws {
      try await BrowserTests.run { server, browser in
        let client = try BrowserClient(browser, server.url)
        try client.connect("{ channels: ['a'] }")
        #expect(try client.opens())
        try client.page.run("fanfare.close()")
        let isGone = try await Deadline().holds {
          try server.metrics()[#"fanfare_connections{transport="sse"}"#] == 0
        }
        #expect(isGone)
        #expect(try client.states.last == "sse closed")
        try Self.publish(1...1, server)
        #expect(try client.page.value("log.events.length") == 0)
        #expect(client.page.faults == [])
      }
    }
  }
}
