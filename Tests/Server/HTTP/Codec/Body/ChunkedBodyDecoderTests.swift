import FanfareRuntime
import FanfareTestKit
import FuzzInvariants
import Testing

@testable import FanfareServer

@Suite struct ChunkedBodyDecoderTests {
  private func decode(
    _ text: String, limit: Int = 1_000_000
  ) -> (ChunkedBodyDecoder.Outcome, String) {
    var decoder = ChunkedBodyDecoder()
    var body: [UInt8] = []
    let outcome = decoder.decode(HeadText.raw(text).span, into: &body, limit: limit)
    return (outcome, String(decoding: body, as: UTF8.self))
  }

  static let bodies: [(String, String)] = [
    ("0\r\n\r\n", ""), ("5\r\nhello\r\n0\r\n\r\n", "hello"),
    ("5\r\nhello\r\n6\r\n world\r\n00\r\n\r\n", "hello world"),
    ("00000000000000A\r\n0123456789\r\n0\r\n\r\n", "0123456789"),
    ("1;a=b;c=\"d e\"\r\nx\r\n0;y\r\n\r\n", "x"), ("1 \t;a\r\nx\r\n0\r\n\r\n", "x"),
    ("4\r\n\r\n\r\n\r\n0\r\n\r\n", "\r\n\r\n"), ("1\r\nx\r\n0\r\nA: b\r\nC:\r\n\r\n", "x"),
  ]

  @Test func decodesEachBody() {
    for (text, body) in ChunkedBodyDecoderTests.bodies {
      let (outcome, decoded) = decode(text + "next")
      #expect(outcome == .complete(consumed: text.utf8.count), "\(text.debugDescription)")
      #expect(decoded == body, "\(text.debugDescription)")
    }
  }

  static let refusals: [(String, RefusalReason)] = [
    ("\r\n", .chunkSizeInvalid), (";a\r\n", .chunkSizeInvalid),
    (" 1\r\n", .chunkSizeInvalid), ("g\r\n", .chunkSizeInvalid), ("-1\r\n", .chunkSizeInvalid),
    ("+1\r\n", .chunkSizeInvalid), ("0x1\r\n", .chunkSizeInvalid), ("1_0\r\n", .chunkSizeInvalid),
    ("1 \r\n", .chunkSizeInvalid), ("1\t\r\n", .chunkSizeInvalid), ("1 2\r\n", .chunkSizeInvalid),
    ("00000000000000001\r\n", .chunkSizeInvalid), ("8000000000000000\r\n", .chunkSizeInvalid),
    ("ffffffffffffffff\r\n", .chunkSizeInvalid), ("1\n", .bareLineFeed), ("1;a\n", .bareLineFeed),
    ("1\rx", .bareCarriageReturn), ("1;a\rb", .bareCarriageReturn), ("1;\0", .controlByte),
    ("1\r\nxy", .chunkUndelimited), ("1\r\nx\n", .chunkUndelimited),
    ("1\r\nx\r\r", .chunkUndelimited), ("2\r\nx\r\n1\r\n", .chunkUndelimited),
    ("0\r\n\n", .bareLineFeed), ("0\r\n\rx", .bareCarriageReturn),
    ("0\r\n A: b\r\n", .fieldFolded), ("0\r\nA: b\r\n c\r\n", .fieldFolded),
    ("0\r\nA : b\r\n", .fieldNameSpace), ("0\r\nA\r\n", .fieldColonMissing),
    ("0\r\n: b\r\n", .fieldNameInvalid), ("0\r\nA: \u{7f}", .controlByte),
    ("7fffffffffffffff\r\n", .bodyTooLarge), ("3e9;", .bodyTooLarge),
  ]

  @Test func refusesEachBody() {
    for (text, reason) in ChunkedBodyDecoderTests.refusals {
      let outcome = decode(text, limit: 1000).0
      #expect(outcome == .refused(RequestRefusal(reason)), "\(text.debugDescription)")
      let violation = ChunkedBodyInvariants.violation(HeadText.raw(text))
      #expect(violation == nil, "\(text.debugDescription)")
    }
  }

  @Test func boundsTheBodyAcrossChunks() {
    #expect(decode("6\r\nabcdef\r\n4\r\nghij\r\n0\r\n\r\n", limit: 10).1 == "abcdefghij")
    let (outcome, body) = decode("6\r\nabcdef\r\n5\r\nghijk\r\n", limit: 10)
    #expect(outcome == .refused(RequestRefusal(.bodyTooLarge)))
    #expect(body == "abcdef")
    #expect(decode("0\r\n\r\n", limit: 0).0 == .complete(consumed: 5))
  }

  @Test func boundsExtensionsOfTheWholeBody() {
    let half = String(repeating: "e", count: 511)
    #expect(decode("1;\(half)\r\nx\r\n0;\(half)\r\n\r\n").1 == "x")
    let over = decode("1;\(half)\r\nx\r\n1;\(half)\r\nx\r\n0;\r\n\r\n").0
    #expect(over == .refused(RequestRefusal(.chunkExtensionTooLong)))
    let blanks = decode("1" + String(repeating: " ", count: 1025)).0
    #expect(blanks == .refused(RequestRefusal(.chunkExtensionTooLong)))
  }

  @Test func boundsTrailers() {
    let line = "A: " + String(repeating: "b", count: 8 * 1024 - 7)
    #expect(decode("0\r\n\(line)\r\n\r\n").0 == .complete(consumed: 3 + 8 * 1024))
    #expect(decode("0\r\n\(line)b\r\n\r\n").0 == .refused(RequestRefusal(.trailerTooLarge)))
  }

  @Test(arguments: UInt64(1)...6)
  func givesBackWhatWasEncoded(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    for round in 0..<30 {
      let pieces = (0..<random.int(0...6)).map { _ in random.bytes(count: 0...300) }
      var encoded: [UInt8] = []
      for piece in pieces { ChunkedBodyEncoder.append(piece.span, to: &encoded) }
      ChunkedBodyEncoder.appendEnd(to: &encoded)
      let length = encoded.count
      encoded += random.bytes(count: 0...5)

      var decoder = ChunkedBodyDecoder()
      var body: [UInt8] = []
      var end = 0
      var outcome = ChunkedBodyDecoder.Outcome.needsMore(consumed: 0)
      var consumed = 0
      while case .needsMore = outcome, end < encoded.count {
        end = min(encoded.count, end + random.int(1...120))
        outcome = decoder.decode(
          encoded.span.extracting(consumed..<end), into: &body, limit: 10_000)
        switch outcome {
        case .needsMore(let count), .complete(let count): consumed += count
        case .refused: break
        }
      }
      guard case .complete = outcome else {
        Issue.record("seed \(seed) round \(round): \(outcome)")
        return
      }
      #expect(consumed == length, "seed \(seed) round \(round)")
      #expect(body == Array(pieces.joined()), "seed \(seed) round \(round)")
    }
  }

  @Test(arguments: UInt64(1)...6)
  func standsAnyMutation(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    for round in 0..<80 {
      var encoded: [UInt8] = []
      for _ in 0..<random.int(0...4) {
        ChunkedBodyEncoder.append(random.bytes(count: 0...40).span, to: &encoded)
      }
      encoded += random.pick(["0\r\n\r\n", "0;a=b\r\nA: b\r\n\r\n", "0"]).utf8
      let violation = ChunkedBodyInvariants.violation(random.mutated(encoded))
      #expect(violation == nil, "seed \(seed) round \(round)")
    }
  }
}
