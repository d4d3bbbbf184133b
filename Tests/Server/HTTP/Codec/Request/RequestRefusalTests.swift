import FuzzInvariants
import Testing

@testable import FanfareServer

@Suite struct RequestRefusalTests {
  /// Bytes, and why they are refused. One byte for each scalar.
  static let lines: [(String, RefusalReason)] = [
    ("GET / HTTP/1.1\n", .bareLineFeed),
    ("\nGET / HTTP/1.1\r\n", .bareLineFeed),
    ("GET / HTTP/1.1\r\nHost: a\n\r\n", .bareLineFeed),
    ("GET / HTTP/1.1\rHost", .bareCarriageReturn),
    ("GET / HTTP/1.1\r\nHost: a\r\r\n", .bareCarriageReturn),
    ("GET / HTTP/1.1\r\nX: a\rb\r\n", .bareCarriageReturn),
    ("\u{16}\u{3}\u{1}", .controlByte),
    ("GET / HTTP/1.1\r\nX: \u{0}", .controlByte),
    ("GET / HTTP/1.1\r\nX: \u{7f}", .controlByte),
    ("GET / HTTP/1.1\r\nX: \u{1b}", .controlByte),
    ("GET / HTTP/1.1\r\nTransfer-Encoding: \u{b}chunked\r\n", .controlByte),
    ("\r\n\r\n", .requestLineMalformed),
    ("GET /\r\n", .requestLineMalformed),
    ("GET  / HTTP/1.1\r\n", .requestLineMalformed),
    ("GET / HTTP/1.1 \r\n", .requestLineMalformed),
    ("GET /a b HTTP/1.1\r\n", .requestLineMalformed),
    ("GET  HTTP/1.1\r\n", .requestLineMalformed),
    (" GET / HTTP/1.1\r\n", .requestLineMalformed),
    ("GET\t/\tHTTP/1.1\r\n", .requestLineMalformed),
    ("G(T / HTTP/1.1\r\n", .methodInvalid),
    ("G\u{c9}T / HTTP/1.1\r\n", .methodInvalid),
    (" / HTTP/1.1\r\n", .methodInvalid),
    (String(repeating: "A", count: 33) + " / HTTP/1.1\r\n", .methodInvalid),
    ("GET / HTTP/1.2\r\n", .versionMalformed),
    ("GET / HTTP/0.9\r\n", .versionMalformed),
    ("GET / http/1.1\r\n", .versionMalformed),
    ("GET / HTTP/1.10\r\n", .versionMalformed),
    ("GET / HTTP/1\r\n", .versionMalformed),
    ("GET / HTTP/2\r\n", .versionMalformed),
    ("GET / HTTP/x.1\r\n", .versionMalformed),
    ("GET / HTTPS/1.1\r\n", .versionMalformed),
    ("GET / HTTP/2.0\r\n", .versionUnsupported),
    ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", .versionUnsupported),
    ("GET / HTTP/9.9\r\n", .versionUnsupported),
    ("GET * HTTP/1.1\r\n", .targetFormRefused),
    ("OPTIONS *a HTTP/1.1\r\n", .targetFormRefused),
    ("CONNECT a:443 HTTP/1.1\r\n", .targetFormRefused),
    ("GET a HTTP/1.1\r\n", .targetFormRefused),
    ("GET ?a HTTP/1.1\r\n", .targetFormRefused),
    ("GET ftp://a/ HTTP/1.1\r\n", .targetFormRefused),
    ("GET http:/a HTTP/1.1\r\n", .targetFormRefused),
    ("GET /\u{c3}\u{a9} HTTP/1.1\r\n", .targetByte),
    ("GET /a#b HTTP/1.1\r\n", .targetByte),
    ("GET /a\tb HTTP/1.1\r\n", .targetByte),
    ("GET /\\a HTTP/1.1\r\n", .targetByte),
    ("GET /\"a HTTP/1.1\r\n", .targetByte),
    ("GET /?a=[1] HTTP/1.1\r\n", .targetByte),
    ("GET /?a#b HTTP/1.1\r\n", .targetByte),
    ("GET /% HTTP/1.1\r\n", .targetEscape),
    ("GET /%4 HTTP/1.1\r\n", .targetEscape),
    ("GET /%4g HTTP/1.1\r\n", .targetEscape),
    ("GET /%/a HTTP/1.1\r\n", .targetEscape),
    ("GET /?a=%+1 HTTP/1.1\r\n", .targetEscape),
    ("GET /%00 HTTP/1.1\r\n", .targetText),
    ("GET /%ff HTTP/1.1\r\n", .targetText),
    ("GET /%ed%a0%80 HTTP/1.1\r\n", .targetText),
    ("GET /a/%c3/%a9 HTTP/1.1\r\n", .targetText),
    ("GET /. HTTP/1.1\r\n", .targetDotSegment),
    ("GET /a/../b HTTP/1.1\r\n", .targetDotSegment),
    ("GET /a/%2e HTTP/1.1\r\n", .targetDotSegment),
    ("GET /a/.%2E/ HTTP/1.1\r\n", .targetDotSegment),
    ("GET http://a/../b HTTP/1.1\r\n", .targetDotSegment),
    ("GET http://u@a/ HTTP/1.1\r\n", .hostInvalid),
    ("GET http:///a HTTP/1.1\r\n", .hostInvalid),
    ("GET https://a:x/ HTTP/1.1\r\n", .hostInvalid),
    ("GET / HTTP/1.1\r\n X: y\r\n", .fieldFolded),
    ("GET / HTTP/1.1\r\nX: y\r\n\tz\r\n", .fieldFolded),
    ("GET / HTTP/1.1\r\nX: y\r\n \r\n", .fieldFolded),
    ("GET / HTTP/1.1\r\nX\r\n", .fieldColonMissing),
    ("GET / HTTP/1.1\r\n: y\r\n", .fieldNameInvalid),
    ("GET / HTTP/1.1\r\nX(: y\r\n", .fieldNameInvalid),
    ("GET / HTTP/1.1\r\n\u{e9}: y\r\n", .fieldNameInvalid),
    ("GET / HTTP/1.1\r\nX : y\r\n", .fieldNameSpace),
    ("GET / HTTP/1.1\r\nX\t: y\r\n", .fieldNameSpace),
    ("GET / HTTP/1.1\r\nX Y: z\r\n", .fieldNameSpace),
    ("GET / HTTP/1.1\r\n\r\n", .hostMissing),
    ("GET http://a/ HTTP/1.1\r\n\r\n", .hostMissing),
    ("GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n", .hostRepeated),
    ("GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", .hostRepeated),
    ("GET / HTTP/1.1\r\nHost:\r\n\r\n", .hostInvalid),
    ("GET / HTTP/1.0\r\nHost: a b\r\n\r\n", .hostInvalid),
    ("GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", .hostInvalid),
    ("GET http://a/ HTTP/1.1\r\nHost: u@a\r\n\r\n", .hostInvalid),
  ]

  // A loop, not arguments: those are printed raw, control bytes among them.
  @Test func refusesEachLine() {
    for (text, reason) in RequestRefusalTests.lines {
      let bytes = HeadText.raw(text)
      #expect(HeadText.refusal(bytes) == reason, "\(text.debugDescription)")
      #expect(RequestHeadInvariants.violation(bytes) == nil, "\(text.debugDescription)")
    }
  }

  @Test func refusesATargetThatDoesNotFit() {
    let long = HeadText.raw("GET /" + String(repeating: "a", count: 100))
    #expect(HeadText.refusal(long, headBytesMax: 64) == .targetTooLong)
    let method = HeadText.raw(String(repeating: "A", count: 64))
    #expect(HeadText.refusal(method, headBytesMax: 64) == .methodInvalid)
  }

  @Test func namesEveryReason() {
    var labels: Set<String> = []
    for reason in RefusalReason.allCases {
      let refusal = RequestRefusal(reason)
      #expect((400..<600).contains(refusal.status))
      #expect(refusal.detail.hasSuffix(".") && !refusal.detail.contains("\n"))
      #expect(reason.label.utf8.allSatisfy { Octets.isAlpha($0) || $0 == UInt8(ascii: "-") })
      labels.insert(reason.label)
    }
    #expect(labels.count == RefusalReason.allCases.count)
  }
}
