import FanfareRuntime
import FanfareTestKit
import Testing

@testable import FanfareServer

@Suite struct UTF8CheckerTests {
  /// Bytes that come close to characters.
  private static func bytes(_ random: inout SeededGenerator) -> [UInt8] {
    let pieces: [[UInt8]] = [
      [0x41], [0x7F], [0xC2, 0x80], [0xDF, 0xBF], [0xE0, 0xA0, 0x80], [0xED, 0x9F, 0xBF],
      [0xEE, 0x80, 0x80], [0xEF, 0xBF, 0xBF], [0xF0, 0x90, 0x80, 0x80], [0xF4, 0x8F, 0xBF, 0xBF],
      [0xE2, 0x82, 0xAC],
    ]
    var bytes: [UInt8] = []
    for _ in 0..<random.int(0...6) {
      var piece = random.pick(pieces)
      if random.isOne(in: 8) { piece[random.below(piece.count)] = UInt8(random.below(256)) }
      if random.isOne(in: 12) { piece.removeLast() }
      bytes += piece
    }
    return bytes
  }

  @Test(arguments: 1...30 as ClosedRange<UInt64>)
  func agreesWithSwift(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    for round in 0..<200 {
      let bytes = random.isOne(in: 5) ? random.bytes(count: 0...8) : Self.bytes(&random)
      let isText = String(validating: bytes, as: UTF8.self) != nil
      var whole = UTF8Checker()
      let isAccepted = whole.accepts(bytes, from: 0) && whole.isAtBoundary
      #expect(isAccepted == isText, "seed \(seed) round \(round): \(bytes)")
      // Byte by byte: refused with the first byte after which no text can follow.
      var single = UTF8Checker()
      let prefixes = bytes.indices.map { Array(bytes[...$0]) }
      let refusal = prefixes.firstIndex { !single.accepts($0, from: $0.count - 1) }
      let expected = prefixes.firstIndex { !Self.canBegin($0) }
      #expect(refusal == expected, "seed \(seed) round \(round): \(bytes)")
    }
  }

  /// Whether some bytes make a text of `bytes`: second bytes are bounded from below or from above.
  private static func canBegin(_ bytes: [UInt8]) -> Bool {
    [UInt8]([0x80, 0xBF]).contains { filler in
      (0...3).contains { count in
        let completed = bytes + [UInt8](repeating: filler, count: count)
        return String(validating: completed, as: UTF8.self) != nil
      }
    }
  }

  @Test func everyScalarInTwoParts() {
    for value in stride(from: 0, through: 0x10FFFF, by: 97) {
      guard let scalar = Unicode.Scalar(UInt32(value)) else { continue }
      let bytes = Array(String(Character(scalar)).utf8)
      for cut in 0...bytes.count {
        var checker = UTF8Checker()
        let isAccepted =
          checker.accepts(Array(bytes[..<cut]), from: 0) && checker.accepts(bytes, from: cut)
        #expect(isAccepted && checker.isAtBoundary, "\(value) \(cut)")
      }
    }
  }
}
