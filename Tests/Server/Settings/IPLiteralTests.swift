import FanfareRuntime
import FanfareTestKit
import Testing

@testable import FanfareServer

@Suite struct IPLiteralTests {
  @Test func canonicalTextIsReadBack() {
    for seed in UInt64(1)...500 {
      var random = SeededGenerator(seed: seed)
      let groups = (0..<8).map { _ in
        Bool.random(using: &random) ? 0 : UInt16.random(in: 0...0xffff, using: &random)
      }
      let address = IPLiteral(groups.map { String($0, radix: 16) }.joined(separator: ":"))
      #expect(address == .v6(groups), "seed \(seed)")
      #expect(address.flatMap { IPLiteral($0.canonical) } == address, "seed \(seed)")
      let octets = UInt32.random(in: 0 ... .max, using: &random)
      #expect(IPLiteral(IPLiteral.v4(octets).canonical) == .v4(octets), "seed \(seed)")
    }
  }

  @Test(arguments: [
    ("0:0:0:0:0:0:0:0", "::"), ("1:0:0:2:0:0:0:3", "1:0:0:2::3"),
    ("1:0:0:2:3:0:0:4", "1::2:3:0:0:4"),
    ("1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"), ("::192.0.2.1", "::c000:201"), ("A::", "a::"),
    ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"), ("::ffff:1.2.3.4", "::ffff:102:304"),
  ])
  func oneWayToWriteIt(text: String, canonical: String) {
    #expect(IPLiteral(text)?.canonical == canonical)
  }

  @Test(arguments: [
    "", ":", ":::", "1", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", ":1::2", "1::2:",
    "12345::", "g::", "1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8", "1.2.3.4::", "::1.2.3", "1.2.3",
    "1.2.3.4.5", "1.2.3.", "1.2.3.1000", " 1.2.3.4", "[::1]",
  ])
  func notAnAddress(text: String) {
    #expect(IPLiteral(text) == nil)
  }
}
