import FanfareServer
import FanfareTestKit
import Testing

/// What runs in a real browser. One at a time: a browser keeps a whole machine busy.
@Suite(
  .serialized, .enabled(if: Browser.isInstalled, "there is no chromium (apt install chromium)"))
enum BrowserTests {
  /// Runs `body` with a server and a browser, and checks that the pages had nothing to complain of.
  static func run(
    _ change: (inout Settings) -> Void = { _ in },
    _ body: (ServerUnderTest, Browser) async throws -> Void
  ) async throws {
    try await ServerUnderTest.run(change) { server in
      let browser = try Browser()
      defer { browser.close() }
      try await body(server, browser)
    }
  }
}

extension ServerUnderTest {
  var url: String { "http://127.0.0.1:\(port)" }
}
