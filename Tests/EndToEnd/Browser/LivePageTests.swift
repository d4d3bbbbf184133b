import FanfareServer
import FanfareTestKit
import Testing

extension BrowserTests {
  /// The page at `/`.
  @Suite struct LivePageTests {
    private static let row = "document.querySelector('#events li:not(.notice)')"

    @Test func listsChannelsAndShowsTheirEventsAsTheyCome() async throws {
      try await BrowserTests.run { server, browser in
        let client = try server.connect()
        _ = try client.publish("/projects/42/events", "agent_started", "1")
        let page = try browser.open(server.url)
        let box = "document.querySelector('#channels input')"
        #expect(try page.waits(for: "\(box) && \(box).labels[0].innerText === 'project:42'"))
        try page.run("\(box).click()")
        // What was there, and then what comes.
        #expect(try page.waits(for: "\(Self.row)?.innerText.includes('agent_started')"))
        #expect(try page.waits(for: "document.querySelector('#link').textContent === 'live'"))
        _ = try client.publish("/projects/42/events", "agent_progress", #"{"step":"second"}"#)
        #expect(try page.waits(for: "\(Self.row).innerText.includes('second')"))
        #expect(try page.value("location.hash") == "#channels=project:42")
        #expect(try page.waits(for: "document.querySelector('#rate').dataset.counted === '2'"))
        let followers = "document.querySelector('#channels td:nth-child(3)').textContent"
        #expect(try page.waits(for: "\(followers) === '1'"))
        #expect(try page.waits(for: "document.querySelector('#node').textContent === 'ready'"))
        #expect(page.faults == [])
      }
    }

    @Test func theAddressKeepsWhatIsFollowedAndAReloadResumesIt() async throws {
      try await BrowserTests.run { server, browser in
        let page = try browser.open("\(server.url)/#channels=a,b&types=t*")
        let live = "document.querySelector('#link').textContent === 'live, 2 channels'"
        #expect(try page.waits(for: live))
        let client = try server.connect()
        _ = try client.publish("/channels/a/events", "t1", "\"before\"")
        _ = try client.publish("/channels/b/events", "other", "0")
        #expect(try page.waits(for: "\(Self.row)?.innerText.includes('before')"))
        try page.go(to: "about:blank")
        _ = try client.publish("/channels/b/events", "t2", "\"meanwhile\"")
        try page.go(to: "\(server.url)/#channels=a,b&types=t*")
        #expect(try page.waits(for: "\(Self.row)?.innerText.includes('meanwhile')"))
        // Only what was missed, and that it was resumed.
        #expect(try page.value("document.querySelectorAll('#events li:not(.notice)').length") == 1)
        let notices = try page.value(
          "[...document.querySelectorAll('#events .said')].map((said) => said.textContent)",
          as: [String].self)
        #expect(notices.filter { $0.hasPrefix("resumed") }.count == 2, "\(notices)")
        #expect(page.faults == [])
      }
    }

    @Test func hostileDataIsText() async throws {
      try await BrowserTests.run { server, browser in
        let page = try browser.open("\(server.url)/#channels=c")
        #expect(try page.waits(for: "document.querySelector('#link').textContent === 'live'"))
        let hostile = #"<img src=x onerror='window.isTaken=1'><script>isTaken=1</script>"#
        _ = try server.connect().publish("/channels/c/events", "t", "\"\(hostile)\"")
        #expect(try page.waits(for: "\(Self.row)"))
        #expect(try page.text("#events .data") == "\"\(hostile)\"")
        #expect(
          try page.value("document.querySelectorAll('#events img, #events script').length") == 0)
        // The address is somebody else's word too.
        try page.go(to: "about:blank")
        try page.go(to: "\(server.url)/#channels=%3Cimg%20src%3Dx%3E&types=%3Cb%3E")
        #expect(try page.waits(for: "document.querySelector('#link').dataset.state === 'bad'"))
        #expect(try page.text("#followed b") == "<img src=x>")
        #expect(try page.value("document.images.length") == 0)
        #expect(try page.value("window.isTaken === undefined") == true)
        #expect(page.faults == [])
      }
    }

    @Test func theFormPublishesAndShowsARefusalAtItsField() async throws {
      try await BrowserTests.run { server, browser in
        let page = try browser.open(server.url)
        func submit(_ channel: String, _ type: String, _ data: String) throws {
          try page.run(
            """
            for (const [name, text] of Object.entries({channel: `\(channel)`, type: `\(type)`,
              data: `\(data)`})) document.querySelector(`#publish-${name}`).value = text;
            document.querySelector('#publish button').click();
            """)
        }
        func refusal(_ field: String) throws -> String {
          let input = "document.querySelector('#publish-\(field)')"
          let isShown = "\(input).ariaInvalid === 'true' && document.activeElement === \(input)"
          guard try page.waits(for: isShown) else { return "none" }
          return try page.text("#publish-\(field)-error")
        }
        try submit("c", "bad type", "1")
        #expect(try refusal("type").contains("1-128 characters"))
        try submit("bad channel", "t", "1")
        #expect(try refusal("channel").contains("channel"))
        try submit("job:1", "t", "1")
        #expect(try refusal("channel").contains("server's own"))
        try submit("c", "t", "{")
        #expect(try refusal("data").contains("JSON"))
        try submit("c", "t", #"{"pi": 3.10}"#)
        #expect(
          try page.waits(
            for: "/^Stored at 1\\./.test(document.querySelector('#published').textContent)"))
        #expect(try page.value("document.querySelectorAll('[aria-invalid]').length") == 0)
        // Byte for byte as it was written.
        let stored = try server.ask("GET", "/channels/c/events?after=oldest")
        #expect(stored.eventData == [#"{"pi": 3.10}"#])
        #expect(page.faults == [])
      }
    }

    @Test func aRestartIsShownAsAReset() async throws {
      try await ServerUnderTest.onThread {
        let browser = try Browser()
        defer { browser.close() }
        let first = try await ServerUnderTest.start()
        _ = try first.connect().publish("/channels/c/events", "t", "1")
        let page = try browser.open("\(first.url)/#channels=c")
        let live = "document.querySelector('#link').textContent === 'live'"
        #expect(try page.waits(for: live))
        await first.stop()
        #expect(try page.waits(for: "document.querySelector('#link').dataset.state === 'warn'"))
        try await ServerUnderTest.run {
          $0.listen = ListenAddress(host: "127.0.0.1", port: Int(first.port))
        } _: { second in
          #expect(try page.waits(for: live))
          let said = try page.value(
            "[...document.querySelectorAll('#events .said')].map((said) => said.textContent)",
            as: [String].self)
          #expect(said.contains { $0.hasPrefix("bye: shutdown") }, "\(said)")
          #expect(said.contains { $0.hasPrefix("reset") }, "\(said)")
          _ = try second.connect().publish("/channels/c/events", "t", "\"anew\"")
          #expect(try page.waits(for: "\(Self.row).innerText.includes('anew')"))
        }
        #expect(page.faults == [])
      }
    }

    @Test func aThousandEventsASecondAreCountedAndSampled() async throws {
      try await BrowserTests.run { server, browser in
        let page = try browser.open("\(server.url)/#channels=c")
        #expect(try page.waits(for: "document.querySelector('#link').textContent === 'live'"))
        let start = ContinuousClock.now
        var sent = 0
        var slowest = Duration.zero
        while sent < 4_000 {
          let lines = (0..<100).map { #"{"type":"t","data":{"n":\#(sent + $0)}}"# }
          #expect(try server.connect().publish(lines: lines, "/channels/c/events").status == 200)
          sent += 100
          // The page is asked between, and answers in time.
          let asked = ContinuousClock.now
          let rows: Int = try page.value("document.querySelector('#events').childElementCount")
          slowest = max(slowest, ContinuousClock.now - asked)
          #expect(rows <= 300)
          let due = start + .milliseconds(sent)
          if due > ContinuousClock.now { try await Task.sleep(until: due, clock: .continuous) }
        }
        #expect(slowest < .seconds(2), "\(slowest)")
        #expect(try page.waits(for: "/^showing/.test(document.querySelector('#rate').textContent)"))
        #expect(try page.text("#rate").contains("events/s; all counted"))
        #expect(try page.waits(for: "document.querySelector('#rate').dataset.counted === '4000'"))
        // What stands there and what it says was left out are all that came.
        let shown = try page.value(
          """
          [...document.querySelectorAll('#events li:not(.notice) .data')]
            .map((data) => JSON.parse(data.textContent).n)
          """, as: [Int].self)
        #expect(shown == shown.sorted(by: >))
        #expect(shown.count < 1_000)
        #expect(page.faults == [])
      }
    }

    @Test func allIsReachedByTheKeyboard() async throws {
      try await BrowserTests.run { server, browser in
        let page = try browser.open(server.url)
        var visited: [String] = []
        func tab(to id: String) throws {
          for _ in 0..<30 {
            try page.press("Tab")
            visited.append(
              try page.value("document.activeElement.id || document.activeElement.tagName"))
            if visited.last == id { return }
          }
        }
        try tab(to: "find-text")
        // Between them the links to the pages.
        #expect(visited == ["skip", "A", "A", "find-text"])
        try page.type("c")
        try page.press("Enter")
        #expect(try page.waits(for: "document.querySelector('#link').textContent === 'live'"))
        try tab(to: "publish-channel")
        #expect(visited.contains("events") && visited.contains("pause"), "\(visited)")
        try page.type("c")
        try tab(to: "publish-type")
        try page.type("by_keyboard")
        try page.press("Enter")
        #expect(try page.waits(for: "\(Self.row)?.innerText.includes('by_keyboard')"))
        let ring = try page.value(
          "getComputedStyle(document.activeElement).outlineStyle", as: String.self)
        #expect(ring == "solid")
        #expect(page.faults == [])
      }
    }

    @Test func fitsANarrowScreen() async throws {
      try await BrowserTests.run { server, browser in
        let data = "\"" + String(repeating: "x", count: 3_000) + "\""
        let name = String(repeating: "n", count: 200)
        _ = try server.connect().publish("/channels/\(name)/events", "t", data)
        let page = try browser.open("\(server.url)/#channels=\(name)", width: 360)
        #expect(try page.waits(for: "\(Self.row)"))
        #expect(try page.value("document.documentElement.scrollWidth") == 360)
        try page.run("document.querySelector('#wrap').click()")
        #expect(try page.value("document.documentElement.scrollWidth") == 360)
        #expect(page.faults == [])
      }
    }
  }
}
