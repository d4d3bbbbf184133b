import FanfareRuntime
import FanfareTestKit
import Testing

@testable import FanfareServer

@Suite struct JSONWriterTests {
  private static func text(_ write: (inout JSONWriter) -> Void) -> String {
    var writer = JSONWriter()
    write(&writer)
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  @Test func commasStandBetween() {
    let text = Self.text { writer in
      writer.beginObject()
      writer.key("a")
      writer.int(-17)
      writer.key("b")
      writer.beginArray()
      writer.beginObject()
      writer.endObject()
      writer.bool(true)
      writer.bool(false)
      writer.null()
      writer.beginArray()
      writer.endArray()
      writer.string("x")
      writer.endArray()
      writer.key("c")
      writer.raw(Array(#"{"d": 1}"#.utf8))
      writer.endObject()
    }
    #expect(text == #"{"a":-17,"b":[{},true,false,null,[],"x"],"c":{"d": 1}}"#)
  }

  @Test func rawBytesAreSplicedAsTheyAre() {
    let bytes = Array("xx[1, 2]x".utf8)
    let text = Self.text { writer in
      writer.beginArray()
      writer.raw(bytes[2..<8])
      writer.raw(bytes.span.extracting(2..<8))
      writer.raw([0x31])
      writer.endArray()
    }
    #expect(text == "[[1, 2],[1, 2],1]")
  }

  @Test func writesBehindWhatIsThere() {
    var writer = JSONWriter(appendingTo: Array("data: ".utf8))
    writer.int(.min)
    #expect(String(decoding: writer.bytes, as: UTF8.self) == "data: -9223372036854775808")
  }

  @Test(arguments: [
    ("", #""""#), ("plain/é😀", #""plain/é😀""#), ("\"\\", #""\"\\""#),
    ("\u{8}\t\n\u{c}\r", #""\b\t\n\f\r""#),
    ("\0\u{1}\u{b}\u{f}\u{10}\u{1f}", #""\u0000\u0001\u000b\u000f\u0010\u001f""#),
    ("\u{7f}\u{2028}\u{2029}", "\"\u{7f}\u{2028}\u{2029}\""), ("a\r\nb", #""a\r\nb""#),
  ])
  func escapesOnlyWhatMustBe(text: String, expected: String) {
    var bytes: [UInt8] = []
    JSONWriter.appendJSONString(text, to: &bytes)
    #expect(bytes == Array(expected.utf8))
  }

  @Test func whatIsWrittenIsReadBack() throws {
    let pieces = ["a", "\"", "\\", "\n", "\0", "\u{1f}", "é", "😀", "\u{2028}", "/", "u0041"]
    for seed in 0..<UInt64(400) {
      var random = SeededGenerator(seed: seed)
      let text = (0..<random.below(10)).map { _ in random.pick(pieces) }.joined()
      let written = Array(Self.text { $0.string(text) }.utf8)
      let range = try JSONScanner.value(in: written.span, range: 0..<written.count)
      let decoded = JSONString.decode(written.span, range)
      #expect(Array(decoded.utf8) == Array(text.utf8), "seed \(seed)")
    }
  }
}
