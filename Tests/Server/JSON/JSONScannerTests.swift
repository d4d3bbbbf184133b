import FanfareRuntime
import FanfareTestKit
import Testing

@testable import FanfareServer

@Suite struct JSONScannerTests {
  private static func scan(_ bytes: [UInt8]) throws(JSONFault) -> Range<Int> {
    try JSONScanner.value(in: bytes.span, range: 0..<bytes.count)
  }

  private static func scan(_ text: String) throws(JSONFault) -> Range<Int> {
    try scan(Array(text.utf8))
  }

  private static func verdict(_ bytes: [UInt8]) -> Range<Int>? {
    try? scan(bytes)
  }

  @Test(arguments: [
    "null", "true", "false", "0", "-0", "12", "-1.5e+10", "0.0E-0", "1e5", "1E400", #""""#,
    "[]", "{}", "[[],{}]", #"{"":{}}"#, #"{"a":1,"a":2}"#, #""\ud800""#, #""\uDfFf\u0000""#,
    #""\"\\\/\b\f\n\r\t""#, "\"\u{7f}\u{2028}\"", "[1,2,3]", "[ 1 , 2 ]", #"{ "a" : [ ] }"#,
    #"["a",{"b":[true,false,null,{"c":-0.1}]}]"#,
  ])
  func accepts(text: String) throws {
    #expect(try Self.scan(text) == 0..<text.utf8.count)
    #expect(try Self.scan(" \t\r\n\(text)\n ") == 4..<4 + text.utf8.count)
  }

  private static let faultTable: [(String, Int, JSONFault.Kind)] = [
    ("", 0, .empty), (" \n", 2, .empty), ("\u{FEFF}{}", 0, .byteOrderMark),
    ("{", 1, .endedEarly), ("[1,", 3, .endedEarly), (#"{"a"#, 3, .endedEarly),
    (#"{"a":"#, 5, .endedEarly), ("tru", 3, .endedEarly), ("-", 1, .endedEarly),
    ("1.", 2, .endedEarly), ("1e+", 3, .endedEarly), (#""\u12"#, 5, .endedEarly),
    (#""\"#, 2, .endedEarly), ("[,]", 1, .valueExpected), ("[1,]", 3, .valueExpected),
    ("}", 0, .valueExpected), ("'a'", 0, .valueExpected), ("+1", 0, .valueExpected),
    (".5", 0, .valueExpected), ("NaN", 0, .valueExpected), ("/**/1", 0, .valueExpected),
    ("\u{A0}1", 0, .valueExpected), ("\u{B}1", 0, .valueExpected), (#"{"a":}"#, 5, .valueExpected),
    ("{a:1}", 1, .keyExpected), (#"{"a":1,}"#, 7, .keyExpected), ("{,}", 1, .keyExpected),
    ("{1:1}", 1, .keyExpected), (#"{"a" 1}"#, 5, .colonExpected), (#"{"a"}"#, 4, .colonExpected),
    (#"{"a":1]"#, 6, .commaOrBraceExpected), (#"{"a":1 "b":2}"#, 7, .commaOrBraceExpected),
    ("[1}", 2, .commaOrBracketExpected), ("[1 2]", 3, .commaOrBracketExpected),
    ("[1:2]", 2, .commaOrBracketExpected), ("[-01]", 3, .badNumber), ("01", 1, .badNumber),
    ("-x", 1, .badNumber), ("1.e5", 2, .badNumber), ("1ex", 2, .badNumber),
    ("trux", 0, .badLiteral), ("[nil]", 1, .badLiteral), ("False", 0, .valueExpected),
    ("\"\t\"", 1, .controlByteInString), ("\"a\nb\"", 2, .controlByteInString),
    ("\"\0\"", 1, .controlByteInString), (#""\x""#, 1, .badEscape), (#""\u12g4""#, 1, .badEscape),
    (#""\u12""#, 1, .badEscape), (#""\U0041""#, 1, .badEscape), ("1 2", 2, .trailingBytes),
    ("{}}", 2, .trailingBytes), ("1,", 1, .trailingBytes), ("0x1", 1, .trailingBytes),
    ("nulll", 4, .trailingBytes), ("{}\0", 2, .trailingBytes),
  ]

  @Test(arguments: faultTable)
  func refuses(text: String, offset: Int, kind: JSONFault.Kind) {
    #expect(throws: JSONFault(offset: offset, kind: kind)) { try Self.scan(text) }
  }

  @Test func rangeLimitsWhatIsRead() throws {
    let bytes = Array(#"x[1, 2]{"a":3}"#.utf8)
    #expect(try JSONScanner.value(in: bytes.span, range: 1..<7) == 1..<7)
    #expect(try JSONScanner.value(in: bytes.span, range: 7..<14) == 7..<14)
    #expect(try JSONScanner.value(in: bytes.span, range: 12..<13) == 12..<13)
    #expect(throws: JSONFault(offset: 6, kind: .endedEarly)) {
      try JSONScanner.value(in: bytes.span, range: 1..<6)
    }
    #expect(throws: JSONFault(offset: 5, kind: .empty)) {
      try JSONScanner.value(in: bytes.span, range: 5..<5)
    }
  }

  @Test func randomDocumentsLieWhereTheyWereWritten() {
    for seed in 0..<UInt64(600) {
      let (bytes, node) = JSONGenerator.document(seed: seed)
      #expect(Self.verdict(bytes) == node.range, "seed \(seed)")
      #expect(JSONModelParser.parse(bytes) == node, "seed \(seed)")
    }
  }

  @Test func truncationIsRefused() {
    for seed in 0..<UInt64(100) {
      let (bytes, node) = JSONGenerator.document(seed: seed, isObject: true)
      for length in 0..<node.range.upperBound {
        let prefix = Array(bytes[..<length])
        #expect(throws: JSONFault.self, "seed \(seed), length \(length)") { try Self.scan(prefix) }
      }
    }
  }

  @Test func mutantsAreJudgedAsTheModelDoes() {
    let alphabet = Array(#"{}[],:"\/ux0123456789+-.eE tfn"#.utf8) + [0, 9, 0x1F, 0x7F, 0x80, 0xC3]
    for seed in 0..<UInt64(500) {
      let (original, _) = JSONGenerator.document(seed: seed)
      var random = SeededGenerator(seed: seed)
      for _ in 0..<8 {
        var bytes = original
        let index = random.below(bytes.count)
        let byte = random.isOne(in: 4) ? UInt8(random.below(256)) : random.pick(alphabet)
        switch random.below(3) {
        case 0: bytes[index] = byte
        case 1: bytes.insert(byte, at: index)
        default: bytes.remove(at: index)
        }
        #expect(
          Self.verdict(bytes) == JSONModelParser.parse(bytes)?.range,
          "seed \(seed): \(String(decoding: bytes, as: UTF8.self))")
      }
    }
  }

  @Test func shortTextsAreJudgedAsTheModelDoes() {
    for (alphabet, lengthMax) in [("01-+.e", 5), (#"{}[],:"1"#, 4), (#""\u0dnx "#, 4)] {
      let letters = Array(alphabet.utf8)
      var texts: [[UInt8]] = [[]]
      for _ in 0..<lengthMax {
        texts = texts.flatMap { text in letters.map { text + [$0] } }
        for text in texts where Self.verdict(text) != JSONModelParser.parse(text)?.range {
          Issue.record("\(String(decoding: text, as: UTF8.self))")
        }
      }
    }
  }

  @Test func onlyWellFormedUTF8IsAccepted() {
    let edges: [UInt8] = [0x20, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xE0, 0xFF]
    func judge(_ content: [UInt8]) {
      let quote = UInt8(ascii: "\"")
      let text = [quote] + content + [quote]
      let isValid = String(validating: content, as: UTF8.self) != nil
      if (Self.verdict(text) != nil) != isValid { Issue.record("\(content)") }
    }
    for first in UInt8(0x80)...0xFF {
      judge([first])
      for second in UInt8(0x80)...0xFF { judge([first, second]) }
    }
    for first in UInt8(0xDF)...0xF8 {
      for second in edges {
        for third in edges {
          judge([first, second, third])
          for fourth in edges { judge([first, second, third, fourth]) }
        }
      }
    }
  }

  @Test func nestingIsBounded() throws {
    func nested(_ depth: Int) -> String {
      (0..<depth).map { $0 % 3 == 0 ? "{\"a\":" : "[" }.joined() + "1"
        + (0..<depth).reversed().map { $0 % 3 == 0 ? "}" : "]" }.joined()
    }
    let deepest = nested(128)
    #expect(try Self.scan(deepest) == 0..<deepest.utf8.count)
    #expect(throws: JSONFault(offset: 256, kind: .tooDeep)) {
      try Self.scan(String(repeating: " [", count: 128).dropFirst() + " " + "{}")
    }
    for bomb in ["[", "{\"a\":", "[[{\"\":"] {
      let text = String(repeating: bomb, count: 1_000_000 / bomb.utf8.count)
      #expect { try Self.scan(text) } throws: { ($0 as? JSONFault)?.kind == .tooDeep }
    }
  }

  @Test func aMebibyteIsReadInOnePass() throws {
    let piece = #"{"name":"Grüße","text":"line\nline","values":[1,-2.5e3,true,null]},"#
    let text = "[" + String(repeating: piece, count: (1 << 20) / piece.utf8.count) + "0]"
    let start = ContinuousClock.now
    #expect(try Self.scan(text) == 0..<text.utf8.count)
    #expect(start.duration(to: .now) < .seconds(5))
  }

  @Test func faultsSpeakInSentences() {
    #expect(
      JSONFault(offset: 7, kind: .colonExpected).description
        == "A colon is expected after the key at byte 7.")
    let longKey = String(repeating: "k", count: 1000)
    #expect(JSONFault(offset: 0, kind: .duplicateKey(longKey)).description.count < 120)
    #expect(JSONFault(offset: 0, kind: .badUTF8).isMalformed)
    #expect(!JSONFault(offset: 0, kind: .objectExpected).isMalformed)
  }
}
