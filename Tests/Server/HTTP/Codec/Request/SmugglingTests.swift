import FuzzInvariants
import Testing

@testable import FanfareServer

/// Heads that two servers in a row could read in two ways (RFC 9112 section 11.2). All are refused.
@Suite struct SmugglingTests {
  /// Field lines, and why a head with them is refused. One byte for each scalar.
  static let fields: [([String], RefusalReason)] = [
    (["Content-Length: 4", "Transfer-Encoding: chunked"], .framingAmbiguous),
    (["Transfer-Encoding: chunked", "Content-Length: 0"], .framingAmbiguous),
    (["transfer-encoding: identity", "content-length: 4"], .framingAmbiguous),
    (["Content-Length: 4", "Content-Length: 5"], .contentLengthRepeated),
    (["Content-Length: 4", "content-length: 4"], .contentLengthRepeated),
    (["Content-Length: 4, 4"], .contentLengthInvalid),
    (["Content-Length: 4,5"], .contentLengthInvalid),
    (["Content-Length:"], .contentLengthInvalid),
    (["Content-Length: +4"], .contentLengthInvalid),
    (["Content-Length: -4"], .contentLengthInvalid),
    (["Content-Length: 0x4"], .contentLengthInvalid),
    (["Content-Length: 4 4"], .contentLengthInvalid),
    (["Content-Length: 4.0"], .contentLengthInvalid),
    (["Content-Length: 1e1"], .contentLengthInvalid),
    (["Content-Length: \"4\""], .contentLengthInvalid),
    (["Content-Length: \u{b2}"], .contentLengthInvalid),
    (["Content-Length: 9223372036854775808"], .contentLengthInvalid),
    (["Content-Length: 18446744073709551620"], .contentLengthInvalid),
    (["Transfer-Encoding: gzip, chunked"], .transferEncodingRefused),
    (["Transfer-Encoding: chunked, identity"], .transferEncodingRefused),
    (["Transfer-Encoding: chunked, chunked"], .transferEncodingRefused),
    (["Transfer-Encoding: chunked,"], .transferEncodingRefused),
    (["Transfer-Encoding: ,chunked"], .transferEncodingRefused),
    (["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"], .transferEncodingRefused),
    (["Transfer-Encoding: identity", "Transfer-Encoding: chunked"], .transferEncodingRefused),
    (["Transfer-Encoding: chunked", "Transfer-encoding: x"], .transferEncodingRefused),
    (["Transfer-Encoding: chunked;a=b"], .transferEncodingRefused),
    (["Transfer-Encoding: \"chunked\""], .transferEncodingRefused),
    (["Transfer-Encoding: xchunked"], .transferEncodingRefused),
    (["Transfer-Encoding: chunk"], .transferEncodingRefused),
    (["Transfer-Encoding:"], .transferEncodingRefused),
    (["Transfer-Encoding: chunke\u{e4}"], .transferEncodingRefused),
    (["Transfer-Encoding: \u{a0}chunked"], .transferEncodingRefused),
    (["Transfer-Encoding : chunked"], .fieldNameSpace),
    (["Transfer-Encoding\t: chunked"], .fieldNameSpace),
    (["Content-Length : 4"], .fieldNameSpace),
    (["X: y", " Transfer-Encoding: chunked"], .fieldFolded),
    (["Transfer-Encoding:", "\tchunked"], .fieldFolded),
    (["X: y\nTransfer-Encoding: chunked"], .bareLineFeed),
    (["X: y\rTransfer-Encoding: chunked"], .bareCarriageReturn),
    (["Transfer-Encoding: chunked\0"], .controlByte),
    (["Transfer-Encoding: \u{c}chunked"], .controlByte),
    (["\0Transfer-Encoding: chunked"], .controlByte),
    (["X: y\r"], .bareCarriageReturn),
    (["Host: b"], .hostRepeated),
  ]

  @Test func refusesEachHead() {
    for (fields, reason) in SmugglingTests.fields {
      let bytes = HeadText.bytes(["POST / HTTP/1.1", "Host: a"] + fields)
      #expect(HeadText.refusal(bytes) == reason, "\(fields.debugDescription)")
      #expect(reason.status == 400)
      #expect(RequestHeadInvariants.violation(bytes) == nil, "\(fields.debugDescription)")
    }
  }

  @Test func refusesAnyCodingInVersionOneZero() {
    let bytes = HeadText.bytes(["POST / HTTP/1.0", "Host: a", "Transfer-Encoding: chunked"])
    #expect(HeadText.refusal(bytes) == .transferEncodingRefused)
  }

  /// Names that only look like framing fields are plain fields.
  @Test func keepsLookAlikesApart() {
    let head = HeadText.head(
      "POST / HTTP/1.1", "Host: a", "Content_Length: 4", "X-Transfer-Encoding: chunked",
      "Content-Length2: 9")
    #expect(head?.framing == BodyFraming.none)
  }
}
