import FuzzInvariants
import Testing

@testable import FanfareServer

@Suite struct RequestHeadParserTests {
  @Test func readsAHead() throws {
    let text = HeadText.bytes([
      "GET /channels/project:42/events?after=17.k3 HTTP/1.1",
      "Host: LocalHost:8080",
      "Accept:text/event-stream",
      "X-Empty:",
      "X-Twice: \t one \t",
      "x-twice: two, three",
    ])
    guard case .head(let head, let consumed) = HeadText.parse(text + Array("rest".utf8)) else {
      Issue.record("no head")
      return
    }
    #expect(consumed == text.count)
    #expect(head.method == .get)
    #expect(head.methodName == "GET")
    #expect(head.minorVersion == 1)
    #expect(head.target.path == "/channels/project:42/events")
    #expect(head.target.segments == ["channels", "project:42", "events"])
    #expect(head.target.query == "after=17.k3")
    #expect(head.host == "localhost:8080")
    #expect(head.first("accept") == "text/event-stream")
    #expect(head.first("x-empty") == "")
    #expect(head.values("x-twice") == ["one", "two, three"])
    #expect(head.first("x-none") == nil)
    #expect(head.contains("x-empty") && !head.contains("x-none"))
    #expect(head.framing == .none)
    #expect(head.keepAlive && !head.expectsContinue && !head.upgrades(to: "websocket"))
  }

  @Test func readsHeadsOneAfterAnother() {
    let first = HeadText.bytes(["GET /a HTTP/1.1", "Host: a", "X: 1"])
    let second = HeadText.bytes(["GET /b HTTP/1.1", "Host: b"])
    var parser = RequestHeadParser(headBytesMax: 64)
    let both = first + second
    guard case .head(let one, let consumed) = parser.parse(both.span),
      case .head(let two, let rest) = parser.parse(Array(both[consumed...]).span)
    else {
      Issue.record("no heads")
      return
    }
    #expect(consumed == first.count && rest == second.count)
    #expect(one.target.path == "/a" && two.target.path == "/b")
    #expect(two.fields.count == 1)
  }

  @Test func skipsOneEmptyLine() {
    let bytes = HeadText.raw("\r\nGET / HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n")
    guard case .head(let head, let consumed) = HeadText.parse(bytes) else {
      Issue.record("no head")
      return
    }
    #expect(consumed == bytes.count)
    #expect(head.methodName == "GET" && head.first("x") == "y" && head.host == "a")
    #expect(HeadText.refusal(HeadText.raw("\r\n") + bytes) == .requestLineMalformed)
  }

  @Test(arguments: HTTPMethod.allCases)
  func readsEveryMethod(method: HTTPMethod) {
    let name = method == .other ? "PURGE" : method.rawValue
    let head = HeadText.head("\(name) / HTTP/1.1", "Host: a")
    #expect(head?.method == method)
    #expect(head?.methodName == name)
    #expect(HeadText.head("\(name.lowercased()) / HTTP/1.1", "Host: a")?.method == .other)
  }

  @Test func keepsTheConnectionByVersionAndField() {
    func keeps(_ version: String, _ fields: String...) -> Bool? {
      let bytes = HeadText.bytes(["GET / HTTP/1.\(version)", "Host: a"] + fields)
      guard case .head(let head, _) = HeadText.parse(bytes) else { return nil }
      return head.keepAlive
    }
    #expect(keeps("1") == true)
    #expect(keeps("1", "Connection: Close") == false)
    #expect(keeps("1", "Connection: upgrade", "Connection: x ,\tclose,") == false)
    #expect(keeps("1", "Connection: closed, keep-alive") == true)
    #expect(keeps("0") == false)
    #expect(keeps("0", "Connection: Keep-Alive") == true)
    #expect(keeps("0", "Connection: keep-alive, close") == false)
  }

  @Test func expectsContinueOnlyBeforeABody() {
    func expects(_ version: String, _ fields: String...) -> Bool? {
      let bytes = HeadText.bytes(["POST / HTTP/1.\(version)", "Host: a"] + fields)
      guard case .head(let head, _) = HeadText.parse(bytes) else { return nil }
      return head.expectsContinue
    }
    #expect(expects("1", "Expect: 100-Continue", "Content-Length: 1") == true)
    #expect(expects("1", "Expect: 100-continue", "Transfer-Encoding: chunked") == true)
    #expect(expects("1", "Expect: 100-continue", "Content-Length: 0") == false)
    #expect(expects("1", "Expect: 100-continue") == false)
    #expect(expects("1", "Expect: x", "Content-Length: 1") == false)
    #expect(expects("0", "Expect: 100-continue", "Content-Length: 1") == false)
  }

  @Test func upgradesWhereBothFieldsSaySo() {
    func upgrades(_ version: String, _ fields: String...) -> Bool? {
      let bytes = HeadText.bytes(["GET / HTTP/1.\(version)", "Host: a"] + fields)
      guard case .head(let head, _) = HeadText.parse(bytes) else { return nil }
      return head.upgrades(to: "websocket")
    }
    #expect(upgrades("1", "Connection: keep-alive, Upgrade", "Upgrade: h2c, WebSocket") == true)
    #expect(upgrades("1", "Connection: keep-alive", "Upgrade: websocket") == false)
    #expect(upgrades("1", "Connection: upgrade", "Upgrade: websockets") == false)
    #expect(upgrades("0", "Connection: upgrade", "Upgrade: websocket") == false)
  }

  @Test func readsFraming() {
    func framing(_ fields: String...) -> BodyFraming? {
      let bytes = HeadText.bytes(["POST / HTTP/1.1", "Host: a"] + fields)
      guard case .head(let head, _) = HeadText.parse(bytes) else { return nil }
      return head.framing
    }
    #expect(framing() == BodyFraming.none)
    #expect(framing("content-length: 0") == .length(0))
    #expect(framing("Content-Length: \t0012 ") == .length(12))
    #expect(framing("Content-Length: 9223372036854775807") == .length(.max))
    #expect(framing("Transfer-Encoding: \tCHUNKED ") == .chunked)
  }

  @Test func servesVersionOneZeroWithoutAHost() {
    let head = HeadText.head("GET / HTTP/1.0")
    #expect(head != nil && head?.host == nil && head?.minorVersion == 0)
  }

  @Test func keepsValueBytesThatAreNotText() {
    let bytes = HeadText.bytes(["GET / HTTP/1.1", "Host: a", "X: a\u{e9}\tb"])
    guard case .head(let head, _) = HeadText.parse(bytes) else {
      Issue.record("no head")
      return
    }
    #expect(head.fields.firstBytes("x").map(Array.init) == HeadText.raw("a\u{e9}\tb"))
    #expect(head.first("x") == "a\u{fffd}\tb")
  }

  @Test func boundsTheHead() {
    let bytes = HeadText.bytes(["GET /abc HTTP/1.1", "Host: a", "X: yyyyyyyyyyyyyyyyyyyyyyyyyyyy"])
    guard case .head(_, bytes.count) = HeadText.parse(bytes, headBytesMax: bytes.count) else {
      Issue.record("a head of just the limit is refused")
      return
    }
    for limit in 16..<bytes.count {
      let reason: RefusalReason = limit < 19 ? .targetTooLong : .headTooLarge
      #expect(HeadText.refusal(bytes, headBytesMax: limit) == reason, "limit \(limit)")
      #expect(HeadText.refusal(Array(bytes[..<limit]), headBytesMax: limit) == reason)
      #expect(HeadText.parse(Array(bytes[..<(limit - 1)]), headBytesMax: limit) == .needsMore)
    }
    let lines = ["GET / HTTP/1.1", "Host: a"] + Array(repeating: "a: b", count: 99)
    #expect(HeadText.refusal(HeadText.bytes(lines)) == nil)
    #expect(HeadText.refusal(HeadText.bytes(lines + ["c: d"])) == .fieldsTooMany)
  }

  @Test func refusesForEver() {
    var parser = RequestHeadParser(headBytesMax: 100)
    let bad = HeadText.raw("GET / HTTP/1.1\n")
    let outcome = parser.parse(bad.span)
    #expect(outcome == .refused(RequestRefusal(.bareLineFeed)))
    #expect(parser.parse(HeadText.bytes(["GET / HTTP/1.1", "Host: a"]).span) == outcome)
  }
}
