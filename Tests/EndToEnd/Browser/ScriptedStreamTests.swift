import FanfareServer
import FanfareTestKit
import Testing

extension BrowserTests {
  /// `/fanfare.js` with streams that a test wrote: what a server says rarely.
  @Suite struct ScriptedStreamTests {
    /// Answers each request with the next of `window.streams`: texts, which come byte by byte. All
    /// but the last end; that one stays open.
    private static let scripted = """
      window.asked = [];
      window.fetch = async (url, { signal }) => {
        asked.push(new URL(url).searchParams.get("after"));
        const bytes = new TextEncoder().encode(streams[Math.min(asked.length, streams.length) - 1]);
        const isLast = asked.length >= streams.length;
        const body = new ReadableStream({ start(stream) {
          for (const byte of bytes) stream.enqueue(Uint8Array.of(byte));
          if (!isLast) stream.close();
          signal.addEventListener("abort", () => { try { stream.error(signal.reason); } catch {} });
        } });
        return new Response(body, { headers: { "content-type": "text/event-stream" } });
      };
      const event = (offset, epoch = "k1") => JSON.stringify(
        { channel: "a", position: `${offset}.${epoch}`, type: "t", data: offset, time: "" });
      const attached = (verdict, position) => "event: fanfare.attached\\ndata: " + JSON.stringify(
        { channels: [{ channel: "a", verdict, position }] }) + "\\n\\n";
      """

    private static func client(
      _ browser: Browser, _ server: ServerUnderTest, streams: String, options: String = ""
    ) throws -> BrowserClient {
      let client = try BrowserClient(browser, server.url)
      try client.page.run(scripted + "\nwindow.streams = \(streams);")
      try client.connect("{ channels: ['a'], transport: 'sse', storage: null, \(options) }")
      return client
    }

    @Test func readsEveryFormOfAStream() async throws {
      try await BrowserTests.run { server, browser in
        let client = try Self.client(
          browser, server,
          streams: """
            ["\\ufeffretry: 1\\r\\n\\r\\n: fanfare\\r\\r"
              + attached("live", "0.k1") + "id: 0.k1\\n\\n"
              + "id: 1.k1\\rdata:" + event(1) + "\\r\\runknown: x\\nnothing\\nid: 2.k1\\r\\ndata: "
              + event(2).replace(",", ",\\r\\ndata:") + "\\r\\n\\r\\n"
              + "event: fanfare.later\\ndata: 1\\n\\n"
              + "id: 2.k1\\ndata: " + event(2) + "\\n\\nid: 1.k1\\ndata: " + event(1) + "\\n\\n"
              + "id: 3.k1\\ndata: " + event(3) + "\\n\\nid: 4.k1\\ndata: " + event(4) + "\\n"]
            """)
        // An event that comes twice, or out of order, is not handed on; one without an end neither.
        #expect(try client.events(3) == [1, 2, 3])
        #expect(try client.page.value("fanfare.cursor") == "3.k1")
        #expect(client.page.faults == [])
      }
    }

    @Test func aGapAmongEventsIsToldOnceAndInItsPlace() async throws {
      try await BrowserTests.run { server, browser in
        let client = try Self.client(
          browser, server,
          streams: """
            [attached("live", "0.k1") + "data: " + event(1) + "\\n\\nevent: fanfare.gap\\ndata: "
              + JSON.stringify(
                { channel: "a", from: "2.k1", to: "8.k1", missed: 7, position: "8.k1" })
              + "\\n\\nid: 8.k1\\n\\ndata: " + event(9) + "\\n\\n"]
            """)
        #expect(try client.events(2) == [1, 9])
        #expect(try client.gaps == [7])
        #expect(try client.page.value("fanfare.cursor") == "9.k1")
      }
    }

    @Test func aNewLifeOfTheLogIsToldWhileAttached() async throws {
      try await BrowserTests.run { server, browser in
        let client = try Self.client(
          browser, server,
          streams: """
            [attached("live", "0.k1") + "data: " + event(9) + "\\n\\n"
              + "event: fanfare.degraded\\ndata: {}\\n\\nevent: fanfare.restored\\ndata: {}\\n\\n"
              + attached("reset", "0.k2")
              + "data: " + event(1, "k2") + "\\n\\n"]
            """)
        #expect(try client.events(2) == [9, 1])
        #expect(try client.resets == ["a"])
        #expect(
          try client.states == ["sse connecting", "sse open", "sse degraded", "sse open"])
      }
    }

    /// The cursor moves past events that were filtered out, so that they are not counted as missed.
    @Test func resumesWhereTheLastCursorStood() async throws {
      try await BrowserTests.run { server, browser in
        let client = try Self.client(
          browser, server,
          streams: """
            [attached("live", "0.k1") + "data: " + event(1) + "\\n\\nid: 500.k1\\n\\n"
              + 'event: fanfare.bye\\ndata: {"reason":"shutdown","retry":20}\\n\\n',
              attached("resumed", "500.k1") + "data: " + event(501) + "\\n\\n"]
            """)
        #expect(try client.events(2) == [1, 501])
        #expect(try client.page.value("asked") == [nil, "500.k1"])
        #expect(try client.attached == ["live", "resumed"])
      }
    }

    @Test func aSilentConnectionIsReplaced() async throws {
      try await BrowserTests.run { server, browser in
        let client = try Self.client(
          browser, server, streams: #"[attached("live", "3.k1")]"#, options: "silence: 100")
        #expect(try client.waits(for: "asked.length >= 2"))
        #expect(try client.page.value("asked[1]") == "3.k1")
      }
    }

    @Test func theWaitIsExponentialWithFullJitterAndNeverLessThanTold() async throws {
      try await BrowserTests.run { server, browser in
        let client = try BrowserClient(browser, server.url)
        let waits = try client.page.value(
          """
          (async () => {
            const { backoff } = await import("/fanfare.js");
            let seed = 42;
            const random = () => (seed = seed * 16807 % 2147483647) / 2147483647;
            return [0, 1, 2, 3, 4, 5, 6, 50].map((failures) => {
              const waits = Array.from({ length: 4000 }, () => backoff(failures, 0, random));
              return [Math.min(...waits), waits.reduce((sum, wait) => sum + wait) / 4000,
                Math.max(...waits)];
            });
          })()
          """, as: [[Double]].self)
        for (wait, range) in zip(waits, [1, 2, 4, 8, 16, 30, 30, 30].map { Double($0) * 1_000 }) {
          #expect(wait[0] >= 0 && wait[0] < range * 0.01)
          #expect(wait[1] > range * 0.48 && wait[1] < range * 0.52, "\(wait) of \(range)")
          #expect(wait[2] > range * 0.99 && wait[2] <= range)
        }
        let told = try client.page.value(
          """
          import("/fanfare.js").then(({ backoff }) => [backoff(0, 7000), backoff(0, 1e9),
            backoff(3, 1000, () => 0.5)])
          """, as: [Double].self)
        #expect(told == [7_000, 300_000, 4_000])
      }
    }
  }
}
