import FanfareRuntime
import FanfareTestKit
import Testing

@testable import FanfareServer

@Suite struct JSONStringTests {
  private static func decode(_ text: String) -> String {
    let bytes = Array(text.utf8)
    return JSONString.decode(bytes.span, 0..<bytes.count)
  }

  @Test(arguments: [
    (#""""#, ""), (#""abc""#, "abc"), (#""Grüße 😀""#, "Grüße 😀"),
    (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t"), (#""a\u0000b""#, "a\0b"),
    (#""\u00e9\u20AC""#, "é€"), (#""\ud83d\ude00!""#, "😀!"), (#""\ud83d""#, "\u{FFFD}"),
    (#""\ude00\ud83d""#, "\u{FFFD}\u{FFFD}"), (#""\ud83dx\ude00""#, "\u{FFFD}x\u{FFFD}"),
    (#""\ud83d\ud83d\ude00""#, "\u{FFFD}😀"), (#""\ud83d\n""#, "\u{FFFD}\n"),
    (#""\ud83d\u0041""#, "\u{FFFD}A"), (#""\\u0041""#, #"\u0041"#),
    (#""\ud83d\\ude00""#, "\u{FFFD}\\ude00"),
  ])
  func decodes(text: String, meant: String) {
    #expect(Array(Self.decode(text).utf8) == Array(meant.utf8))
  }

  @Test func rangeSaysWhichString() {
    let bytes = Array(#"["a","b\n"]"#.utf8)
    #expect(JSONString.decode(bytes.span, 5..<10) == "b\n")
  }

  @Test func randomStringsAreDecodedAsMeant() throws {
    var strings = 0
    for seed in 0..<UInt64(1500) {
      let (bytes, node) = JSONGenerator.document(seed: seed)
      guard case .string(let text) = node.content else { continue }
      strings += 1
      let decoded = JSONString.decode(bytes.span, node.range)
      #expect(Array(decoded.utf8) == Array(text.utf8), "seed \(seed)")
    }
    #expect(strings > 100)
  }

  @Test func randomEscapesAreDecodedAsTheModelDoes() throws {
    let pieces = ["\\ud83d", "\\ude00", "\\uD800", "\\uDFFF", "\\u0041", "\\n", "\\\\", "u", "é"]
    for seed in 0..<UInt64(500) {
      var random = SeededGenerator(seed: seed)
      let text = (0..<random.below(8)).map { _ in random.pick(pieces) }.joined()
      guard case .string(let meant)? = JSONModelParser.parse(Array("\"\(text)\"".utf8))?.content
      else {
        Issue.record("the model refuses \(text)")
        continue
      }
      #expect(Array(Self.decode("\"\(text)\"").utf8) == Array(meant.utf8), "seed \(seed): \(text)")
    }
  }
}
