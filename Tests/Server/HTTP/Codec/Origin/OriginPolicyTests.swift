import Testing

@testable import FanfareServer

@Suite struct OriginPolicyTests {
  private func policy(always: Bool = false) throws -> OriginPolicy {
    try OriginPolicy(
      allowedOrigins: ["https://app.example", "http://localhost:3000"],
      allowedHosts: ["fan.example", "proxy.example:8443"], listenPorts: [8080],
      checksHostAlways: always)
  }

  private func decide(
    _ host: String?, _ fields: [String], always: Bool = false
  ) throws -> OriginPolicy.Decision {
    let lines = host.map { ["POST / HTTP/1.1", "Host: \($0)"] } ?? ["POST / HTTP/1.0"]
    guard case .head(let head, _) = HeadText.parse(HeadText.bytes(lines + fields)) else {
      throw RequestRefusal(.hostInvalid)
    }
    return try policy(always: always).decide(head)
  }

  private func isAllowed(
    _ host: String?, _ fields: [String], always: Bool = false
  ) throws -> Bool {
    switch try decide(host, fields, always: always) {
    case .allowed: true
    case .refused: false
    }
  }

  /// Fields, and whether they pass at the host `localhost:8080`.
  static let pages: [([String], Bool)] = [
    ([], true),
    (["Sec-Fetch-Site: none"], true),
    (["Sec-Fetch-Site: same-origin"], true),
    (["Sec-Fetch-Site: same-site"], false),
    (["Sec-Fetch-Site: cross-site"], false),
    (["Sec-Fetch-Site: Same-Origin"], false),
    (["Sec-Fetch-Site:"], false),
    (["Sec-Fetch-Site: none", "Sec-Fetch-Site: none"], false),
    (["Origin: http://localhost:8080"], true),
    (["Origin: https://localhost:8080"], true),
    (["Origin: http://localhost:8080", "Sec-Fetch-Site: same-origin"], true),
    (["Origin: http://localhost:8080", "Sec-Fetch-Site: cross-site"], false),
    (["Origin: http://localhost"], false),
    (["Origin: http://localhost:8081"], false),
    (["Origin: http://127.0.0.1:8080"], false),
    (["Origin: ftp://localhost:8080"], false),
    (["Origin: http://localhost:8080/"], false),
    (["Origin: http://u@localhost:8080"], false),
    (["Origin: http://localhost:8080 http://localhost:8080"], false),
    (["Origin: http://localhost:8080", "Origin: https://app.example"], false),
    (["Origin: null"], false),
    (["Origin: null", "Sec-Fetch-Site: same-origin"], false),
    (["Origin:"], false),
    (["Origin: *"], false),
    (["Origin: https://evil.example"], false),
    (["Origin: https://evil.example", "Sec-Fetch-Site: same-origin"], false),
    (["Origin: https://app.example.evil"], false),
    (["Origin: http://app.example"], false),
    (["Origin: HTTPS://APP.EXAMPLE"], false),
    (["Origin: https://app.example"], true),
    (["Origin: https://app.example", "Sec-Fetch-Site: cross-site"], true),
    (["Origin: http://localhost:3000", "Sec-Fetch-Site: same-site"], true),
  ]

  @Test(arguments: pages)
  func judgesPages(fields: [String], isAllowed: Bool) throws {
    #expect(try self.isAllowed("localhost:8080", fields) == isAllowed)
  }

  @Test(arguments: [
    ("localhost", true), ("LOCALHOST:1", true), ("127.0.0.1:9999", true), ("[::1]", true),
    ("fan.example", true), ("Fan.Example:8080", true), ("fan.example:443", true),
    ("fan.example:8081", false), ("proxy.example:8443", true), ("proxy.example", false),
    ("evil.example", false), ("a.fan.example", false), ("127.0.0.2", false), ("localhost.", false),
    ("localhost.evil.example", false),
  ])
  func judgesHosts(host: String, isListed: Bool) throws {
    #expect(try isAllowed(host, ["Sec-Fetch-Site: same-origin"]) == isListed)
    #expect(try isAllowed(host, ["Origin: https://app.example"]) == isListed)
    // A page that was bound to this address by DNS is of the "same origin".
    #expect(try isAllowed(host, ["Origin: http://\(host.lowercased())"]) == isListed)
    #expect(try isAllowed(host, [], always: true) == isListed)
    #expect(try isAllowed(host, []))
  }

  @Test func needsAHostToCompare() throws {
    #expect(try isAllowed(nil, []))
    #expect(try !isAllowed(nil, [], always: true))
    #expect(try !isAllowed(nil, ["Origin: https://app.example"]))
  }

  @Test func knowsDefaultPorts() throws {
    #expect(try isAllowed("fan.example", ["Origin: https://fan.example"]))
    #expect(try isAllowed("fan.example:443", ["Origin: https://fan.example"]))
    #expect(try isAllowed("fan.example", ["Origin: http://fan.example:80"]))
    #expect(try !isAllowed("fan.example:80", ["Origin: https://fan.example"]))
  }

  @Test func tellsWhichOriginMayRead() throws {
    #expect(
      try decide("a", ["Origin: https://app.example"])
        == .refused(
          detail: "The Host is not one this server is known by; list it in the allowed hosts."))
    #expect(
      try decide("localhost", ["Origin: https://app.example"])
        == .allowed(corsOrigin: "https://app.example"))
    #expect(
      try decide("localhost", ["Origin: http://localhost"]) == .allowed(corsOrigin: nil))
  }

  @Test func takesNullWhereItIsListed() throws {
    let policy = try OriginPolicy(
      allowedOrigins: ["null"], allowedHosts: [], listenPorts: [], checksHostAlways: true)
    let head = try #require(HeadText.head("GET / HTTP/1.1", "Host: localhost", "Origin: null"))
    #expect(policy.decide(head) == .allowed(corsOrigin: "null"))
  }

  @Test func answersPreflights() throws {
    func preflight(_ method: String, _ fields: String...) throws -> [HeaderField]? {
      let bytes = HeadText.bytes(["\(method) /events HTTP/1.1", "Host: localhost"] + fields)
      guard case .head(let head, _) = HeadText.parse(bytes) else { return nil }
      return try policy().preflight(head)
    }
    let asks = "Access-Control-Request-Method: POST"
    let fields = try #require(try preflight("OPTIONS", "Origin: https://app.example", asks))
    let answer = Dictionary(uniqueKeysWithValues: fields.map { ($0.name, $0.value) })
    #expect(answer["Access-Control-Allow-Origin"] == "https://app.example")
    #expect(answer["Access-Control-Allow-Credentials"] == "true")
    #expect(answer["Access-Control-Max-Age"] == "600")
    #expect(answer["Vary"] == "Origin")
    #expect(answer["Access-Control-Allow-Methods"]?.contains("DELETE") == true)
    for name in ["content-type", "last-event-id", "idempotency-key", "authorization"] {
      #expect(answer["Access-Control-Allow-Headers"]?.contains(name) == true)
    }
    #expect(try preflight("OPTIONS", "Origin: https://evil.example", asks) == nil)
    #expect(try preflight("OPTIONS", "Origin: http://localhost", asks) == nil)
    #expect(try preflight("OPTIONS", "Origin: https://app.example") == nil)
    #expect(try preflight("POST", "Origin: https://app.example", asks) == nil)
  }

  @Test func addsFieldsToAnswers() throws {
    let policy = try policy()
    #expect(policy.responseFields(corsOrigin: nil) == [HeaderField("Vary", "Origin")])
    let fields = policy.responseFields(corsOrigin: "https://app.example")
    #expect(fields.contains(HeaderField("Access-Control-Allow-Origin", "https://app.example")))
    #expect(
      fields.contains(HeaderField("Access-Control-Expose-Headers", "retry-after, location")))
    let closed = try OriginPolicy(
      allowedOrigins: [], allowedHosts: [], listenPorts: [], checksHostAlways: false)
    #expect(closed.responseFields(corsOrigin: nil).isEmpty)
  }

  @Test(arguments: [
    "*", "https://*.example", "app.example", "https://app.example/", "https://App.example",
    "https://app.example:443", "http://a:80", "", "https://", "1a://b",
  ])
  func refusesOriginsThatNeverMatch(entry: String) {
    #expect(throws: OriginPolicyDefect.self) {
      try OriginPolicy(
        allowedOrigins: [entry], allowedHosts: [], listenPorts: [], checksHostAlways: false)
    }
  }

  @Test(arguments: ["*", "*.example", "", "a b", "http://a", "a/b"])
  func refusesHostsThatNeverMatch(entry: String) {
    #expect(throws: OriginPolicyDefect.self) {
      try OriginPolicy(
        allowedOrigins: [], allowedHosts: [entry], listenPorts: [], checksHostAlways: false)
    }
  }
}
