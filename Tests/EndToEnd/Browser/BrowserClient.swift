import FanfareTestKit

/// `/fanfare.js` at work in a page: what it tells is gathered there in `log`.
struct BrowserClient {
  let page: BrowserPage

  /// Opens an empty page of the server at `url`; without a content policy, so that a test may put
  /// something of its own in place of what the browser offers.
  init(_ browser: Browser, _ url: String) throws {
    page = try browser.open("\(url)/healthz")
  }

  /// Connects with these options, written in JavaScript.
  func connect(_ options: String) throws {
    try page.run(
      """
      const { connect } = await import("/fanfare.js");
      window.log = { events: [], gaps: [], resets: [], attached: [], states: [] };
      window.fanfare = connect(\(options));
      fanfare.on("*", (event) => log.events.push(event.data));
      fanfare.onGap = (gap) => log.gaps.push(gap.missed);
      fanfare.onReset = (verdict) => log.resets.push(verdict.channel);
      fanfare.onAttached = (verdicts) => log.attached.push(...verdicts.map((v) => v.verdict));
      fanfare.onState = (change) => log.states.push({ ...change, error: change.error?.message });
      """)
  }

  func waits(for condition: String) throws -> Bool { try page.waits(for: condition) }

  /// Waits until it is attached.
  func opens() throws -> Bool { try waits(for: "fanfare.state === 'open'") }

  /// Waits until so many events came, and gives what they carry, which are numbers.
  func events(_ count: Int) throws -> [Int] {
    _ = try waits(for: "log.events.length >= \(count)")
    return try page.value("log.events")
  }

  var attached: [String] { get throws { try page.value("log.attached") } }
  var gaps: [Int] { get throws { try page.value("log.gaps") } }
  var resets: [String] { get throws { try page.value("log.resets") } }
  /// The states told so far, each once in a row, with the transport.
  var states: [String] {
    get throws {
      try page.value("log.states.map((change) => `${change.transport} ${change.state}`)")
    }
  }
}
