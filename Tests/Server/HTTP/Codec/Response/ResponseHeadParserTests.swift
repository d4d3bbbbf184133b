import FanfareRuntime
import FanfareTestKit
import Testing

@testable import FanfareServer

@Suite struct ResponseHeadParserTests {
  private func parse(
    _ text: String, answering method: HTTPMethod = .get
  ) -> ResponseHeadParser.Outcome {
    var parser = ResponseHeadParser(headBytesMax: 16_384, answering: method)
    return parser.parse(HeadText.raw(text).span)
  }

  private func head(_ text: String, answering method: HTTPMethod = .get) -> ResponseHead? {
    guard case .head(let head, _) = parse(text, answering: method) else { return nil }
    return head
  }

  @Test func readsAHead() {
    let read = head("HTTP/1.1 201 Created\r\nContent-Length: 2\r\nX: y\r\n\r\n{}")
    #expect(read?.status == 201 && read?.framing == .length(2) && read?.first("x") == "y")
    #expect(read?.keepAlive == true && read?.minorVersion == 1)
    #expect(head("HTTP/1.1 200\r\n\r\n")?.status == 200)
    #expect(head("HTTP/1.1 200 \r\n\r\n")?.status == 200)
    #expect(head("HTTP/1.1 200 \u{e9} b\r\n\r\n")?.framing == .untilClose)
  }

  @Test func knowsWhereTheBodyEnds() {
    func framing(_ status: Int, _ field: String, _ method: HTTPMethod = .get) -> ResponseFraming? {
      head("HTTP/1.1 \(status) x\r\n\(field)\r\n\r\n", answering: method)?.framing
    }
    #expect(framing(200, "Transfer-Encoding: chunked") == .chunked)
    #expect(framing(200, "Content-Length: 0") == .length(0))
    #expect(framing(200, "X: y") == .untilClose)
    #expect(framing(200, "Content-Length: 9", .head) == ResponseFraming.none)
    for status in [100, 101, 204, 304] {
      #expect(framing(status, "Content-Length: 9") == ResponseFraming.none)
    }
  }

  @Test func knowsWhetherTheConnectionStays() {
    let closed = head("HTTP/1.1 200 x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    #expect(closed?.keepAlive == false)
    #expect(head("HTTP/1.1 200 x\r\n\r\n")?.keepAlive == false)
    #expect(head("HTTP/1.0 200 x\r\nContent-Length: 0\r\n\r\n")?.keepAlive == false)
    let kept = head("HTTP/1.0 200 x\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n")
    #expect(kept?.keepAlive == true)
  }

  static let refusals: [(String, RefusalReason)] = [
    ("HTTP/2.0 200 x\r\n", .statusLineMalformed),
    ("HTTP/1.1 20 x\r\n", .statusLineMalformed), ("HTTP/1.1 2000\r\n", .statusLineMalformed),
    ("HTTP/1.1 099 x\r\n", .statusLineMalformed), ("HTTP/1.1 600 x\r\n", .statusLineMalformed),
    ("HTTP/1.1  200 x\r\n", .statusLineMalformed), ("http/1.1 200 x\r\n", .statusLineMalformed),
    ("\r\nHTTP/1.1 200 x\r\n", .statusLineMalformed), ("HTTP/1.1 200 x\n", .bareLineFeed),
    ("HTTP/1.1 200 x\r\nA : b\r\n", .fieldNameSpace), ("HTTP/1.1 200 \0", .controlByte),
    (
      "HTTP/1.1 200 x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
      .framingAmbiguous
    ),
  ]

  @Test func refusesEachHead() {
    for (text, reason) in ResponseHeadParserTests.refusals {
      #expect(parse(text) == .malformed(reason), "\(text.debugDescription)")
    }
  }

  @Test func boundsTheHead() {
    var parser = ResponseHeadParser(headBytesMax: 32, answering: .get)
    let bytes = HeadText.raw("HTTP/1.1 200 OK\r\nX: yyyyyyyyyyyyyyyyyyyyyyyyyyyyy")
    #expect(parser.parse(bytes.span) == .malformed(.headTooLarge))
    #expect(parser.parse(bytes.span) == .malformed(.headTooLarge))
  }

  /// What the server writes, its client reads the same, in whatever reads it comes.
  @Test(arguments: UInt64(1)...4)
  func readsWhatTheWriterWrites(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    for round in 0..<40 {
      let status = random.pick([200, 201, 204, 400, 503])
      let framing = random.pick([BodyFraming.none, .length(random.int(0...99)), .chunked])
      let values = (0..<random.int(0...5)).map { _ in
        "v" + random.text(of: "ab ,;\"\r\n\0\u{e9}", count: 0...9) + "v"
      }
      var bytes: [UInt8] = []
      ResponseHeadWriter.append(
        status: status, fields: values.map { HeaderField("X", $0) }, framing: framing,
        date: HTTPDate.imfFixdate(unixSeconds: random.int(0...2_000_000_000)), to: &bytes)
      var parser = ResponseHeadParser(headBytesMax: 16_384, answering: .get)
      var outcome = ResponseHeadParser.Outcome.needsMore
      var end = 0
      while outcome == .needsMore, end < bytes.count {
        end = min(bytes.count, end + random.int(1...30))
        outcome = parser.parse(bytes.span.extracting(0..<end))
      }
      guard case .head(let head, bytes.count) = outcome else {
        Issue.record("seed \(seed) round \(round): \(outcome)")
        return
      }
      let wanted: ResponseFraming =
        switch framing {
        case _ where status == 204: .none
        case .none: .untilClose
        case .length(let length): .length(length)
        case .chunked: .chunked
        }
      #expect(head.status == status && head.framing == wanted, "seed \(seed) round \(round)")
      #expect(head.values("x") == values.map { HeaderField("X", $0).value })
    }
  }
}
