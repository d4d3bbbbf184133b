import FanfareServer
import FanfareTestKit
import Testing

/// The live page and the browser client as HTTP serves them.
@Suite struct PageFilesTests {
  private static let types = [
    "/": "text/html; charset=utf-8", "/page.css": "text/css; charset=utf-8",
    "/page.js": "text/javascript; charset=utf-8", "/parts.js": "text/javascript; charset=utf-8",
    "/jobs.css": "text/css; charset=utf-8", "/jobs.js": "text/javascript; charset=utf-8",
    "/job.js": "text/javascript; charset=utf-8", "/fanfare.js": "text/javascript; charset=utf-8",
    "/enqueue.js": "text/javascript; charset=utf-8",
    "/fanfare.d.ts": "text/plain; charset=utf-8",
  ]

  @Test(arguments: types.sorted { $0.key < $1.key })
  func servesEveryFileAndItsHead(path: String, type: String) async throws {
    try await ServerUnderTest.run { server in
      let client = try server.connect()
      let answer = try client.ask("GET", path)
      #expect(answer.status == 200)
      #expect(answer["content-type"] == type)
      #expect(answer["cache-control"] == "no-cache")
      #expect(answer["x-content-type-options"] == "nosniff")
      #expect(answer["referrer-policy"] == "no-referrer")
      #expect(!answer.body.isEmpty)
      let head = try client.ask("HEAD", path)
      #expect(head["content-length"] == "\(answer.body.count)")
      #expect(head["etag"] == answer["etag"])
      #expect(try client.ask("POST", path)["allow"] == "GET, HEAD, OPTIONS")
    }
  }

  @Test func aFileThatIsHeldIsNotSentAgain() async throws {
    try await ServerUnderTest.run { server in
      let client = try server.connect()
      let tag = try #require(try client.ask("GET", "/page.js")["etag"])
      #expect(try client.ask("GET", "/fanfare.js")["etag"] != tag)
      for held in [tag, "W/\(tag)", "\"a\" ,  \(tag)", "*"] {
        let answer = try client.ask("HEAD", "/page.js", ["If-None-Match: \(held)"])
        #expect(answer.status == 304, "\(held)")
        #expect(answer["etag"] == tag)
        #expect(answer["content-type"] == nil)
      }
      for other in ["\"a\"", tag.replacing("\"", with: ""), ""] {
        #expect(try client.ask("GET", "/page.js", ["If-None-Match: \(other)"]).status == 200)
      }
      // Nothing of the body was left behind on the connection.
      try client.request("GET", "/page.js", ["If-None-Match: \(tag)"])
      #expect(try client.head().status == 304)
      #expect(try client.ask("GET", "/healthz").text == "ok\n")
    }
  }

  @Test func thePageRunsNothingButItsOwnFiles() async throws {
    try await ServerUnderTest.run { server in
      let policy = try #require(try server.ask("GET", "/")["content-security-policy"])
      let directives = Set(policy.components(of: "; "))
      for directive in [
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'",
        "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
      ] {
        #expect(directives.contains(directive))
      }
    }
  }

  @Test func aLinkFromElsewhereLeadsToThePageAlone() async throws {
    try await ServerUnderTest.run { server in
      func status(_ method: String, _ path: String, _ fields: [String]) throws -> Int {
        try server.ask(method, path, fields).status
      }
      let visit = ["Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"]
      for site in ["cross-site", "same-site", "none", "same-origin"] {
        #expect(try status("GET", "/", ["Sec-Fetch-Site: \(site)"] + visit) == 200)
      }
      let foreign = "Sec-Fetch-Site: cross-site"
      #expect(try status("GET", "/channels", [foreign] + visit) == 403)
      #expect(try status("GET", "/page.js", [foreign] + visit) == 403)
      #expect(try status("POST", "/", [foreign] + visit) == 403)
      #expect(try status("GET", "/", [foreign]) == 403)
      let framed = ["Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: iframe"]
      #expect(try status("GET", "/", [foreign] + framed) == 403)
      #expect(try status("GET", "/", [foreign, "Origin: https://evil.example"] + visit) == 403)
      let rebound = try server.connect()
      try rebound.send(
        "GET / HTTP/1.1\r\nHost: evil.example\r\n\(foreign)\r\n"
          + visit.map { $0 + "\r\n" }.joined() + "\r\n")
      #expect(try rebound.answer().status == 403)
    }
  }

  /// The path is that of their list: who visits it gets the page, programs get JSON.
  @Test func thePageOfJobsIsForThoseWhoVisitIt() async throws {
    let visit = "Accept: text/html,application/xhtml+xml,*/*;q=0.8"
    try await JobsOverHTTP.run { server in
      let page = try server.ask("GET", "/jobs", [visit])
      #expect(page.status == 200)
      #expect(page["content-type"] == "text/html; charset=utf-8")
      #expect(page["vary"] == "Accept")
      #expect(page["content-security-policy"]?.contains("default-src 'none'") == true)
      let tag = try #require(page["etag"])
      #expect(try server.ask("HEAD", "/jobs", [visit, "If-None-Match: \(tag)"]).status == 304)
      for fields in [[], ["Accept: */*"], ["Accept: application/json"]] {
        let list = try server.ask("GET", "/jobs", fields)
        #expect(list["content-type"] == "application/json", "\(fields)")
        #expect(list.text == #"{"jobs":[]}"#)
      }
      #expect(try server.ask("POST", "/jobs", [visit]).status == 405)
      // A link from elsewhere leads to the page, and to nothing else.
      let foreign = ["Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate"]
      let document = "Sec-Fetch-Dest: document"
      #expect(try server.ask("GET", "/jobs", foreign + [document, visit]).status == 200)
      #expect(try server.ask("GET", "/jobs", foreign + [document]).status == 403)
      #expect(try server.ask("GET", "/queues", foreign + [document, visit]).status == 403)
      #expect(
        try server.ask("GET", "/jobs", foreign + ["Sec-Fetch-Dest: iframe", visit]).status == 403)
    }
    // Without jobs the page says so; their list does.
    try await ServerUnderTest.run { server in
      let client = try server.connect()
      #expect(try client.ask("GET", "/jobs", [visit]).status == 200)
      #expect(try client.ask("GET", "/jobs").status == 404)
    }
  }

  @Test func aListedOriginMayLoadTheClient() async throws {
    let app = "https://app.example"
    try await ServerUnderTest.run {
      $0.origins = [app]
    } _: { server in
      let fields = ["Origin: \(app)", "Sec-Fetch-Site: cross-site"]
      let answer = try server.ask("GET", "/fanfare.js", fields)
      #expect(answer.status == 200)
      #expect(answer["access-control-allow-origin"] == app)
      let tag = try #require(answer["etag"])
      let held = try server.ask("HEAD", "/fanfare.js", fields + ["If-None-Match: \(tag)"])
      #expect(held.status == 304)
      #expect(held["access-control-allow-origin"] == app)
      let other = ["Origin: https://evil.example", "Sec-Fetch-Site: cross-site"]
      #expect(try server.ask("GET", "/fanfare.js", other).status == 403)
    }
  }

  @Test func channelsSayWhereTheyStand() async throws {
    try await ServerUnderTest.run { server in
      let position = try server.connect().publish("/channels/c/events", "t", "1")
        .json(PublishedBody.self).position
      #expect(
        try server.ask("GET", "/channels").text
          .contains(#""position":"\#(try #require(position))""#))
    }
  }
}
