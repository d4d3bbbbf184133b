import Testing

@testable import FanfareServer

@Suite struct ResponseHeadWriterTests {
  private func text(
    _ status: Int, _ fields: [HeaderField] = [], _ framing: BodyFraming = .none,
    date: String? = nil
  ) -> String {
    var bytes: [UInt8] = []
    ResponseHeadWriter.append(
      status: status, fields: fields, framing: framing, date: date, to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test func writesAHead() {
    #expect(
      text(200, [HeaderField("X", "y")], .length(2), date: "now")
        == "HTTP/1.1 200 OK\r\nDate: now\r\nX: y\r\nContent-Length: 2\r\n\r\n")
    #expect(text(201, [], .chunked) == "HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n")
    #expect(text(200) == "HTTP/1.1 200 OK\r\n\r\n")
  }

  @Test func leavesOutFramingThatMayNotBe() {
    #expect(text(204, [], .length(0)) == "HTTP/1.1 204 No Content\r\n\r\n")
    #expect(text(101, [], .chunked) == "HTTP/1.1 101 Switching Protocols\r\n\r\n")
    let fields = [HeaderField("content-LENGTH", "9"), HeaderField("Transfer-Encoding", "x")]
    #expect(text(200, fields, .length(1)) == "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n")
  }

  @Test func writesNoStatusThatIsNone() {
    #expect(text(99).hasPrefix("HTTP/1.1 500 "))
    #expect(text(1000).hasPrefix("HTTP/1.1 500 "))
  }

  @Test func knowsThePhraseOfEveryStatusUsed() {
    let used = [
      200, 201, 202, 204, 400, 401, 403, 404, 405, 409, 413, 414, 415, 422, 429, 431, 503, 505,
    ]
    let phrases = Set(used.map(ReasonPhrase.of))
    #expect(phrases.count == used.count)
    #expect(phrases.isDisjoint(with: ["Success", "Client Error", "Server Error"]))
  }

  @Test func neverEndsALineEarly() {
    let nasty = HeaderField("X\r\nY: z", "a\r\nSet-Cookie: b\r\n\r\nbody\0\u{7f}\tc")
    #expect(nasty.value == "a  Set-Cookie: b    body  \tc")
    #expect(nasty.name.utf8.allSatisfy(Octets.isToken))
    let lines = text(200, [nasty]).split(separator: "\r\n", omittingEmptySubsequences: false)
    #expect(lines.count == 4)
    #expect(HeaderField("", "a").name == "-")
    #expect(HeaderField("A", "\u{20ac}").value == "\u{20ac}")
  }

  @Test func writesRequestsThatItsOwnParserReads() throws {
    var bytes: [UInt8] = []
    let host = try #require(HostAuthority("fan.example:8080"))
    RequestHeadWriter.append(
      method: .post, target: "/a b\r\n?c=\u{e9}", host: host,
      fields: [HeaderField("Accept", "x"), HeaderField("content-length", "9")],
      framing: .chunked, to: &bytes)
    guard case .head(let head, bytes.count) = HeadText.parse(bytes) else {
      Issue.record("refused")
      return
    }
    #expect(head.method == .post && head.host == "fan.example:8080" && head.framing == .chunked)
    #expect(head.target.segments == ["a b\r\n"] && head.first("accept") == "x")
    #expect(try head.target.queryItems().first?.value == "\u{e9}")
  }
}
