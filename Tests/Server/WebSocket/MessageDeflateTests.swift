import FanfareRuntime
import FanfareTestKit
import Testing

@testable import FanfareServer

@Suite struct MessageDeflateTests {
  private static func bytes(_ hex: String) -> [UInt8] {
    let digits = Array(hex.utf8.filter { $0 != 0x20 })
    return stride(from: 0, to: digits.count, by: 2).compactMap { index in
      UInt8(String(decoding: digits[index...(index + 1)], as: UTF8.self), radix: 16)
    }
  }

  /// The examples of RFC 7692 section 7.2.3, and what another zlib has made.
  private static let vectors: [(hex: String, text: String)] = [
    ("f2 48 cd c9 c9 07 00", "Hello"), ("00 05 00 fa ff 48 65 6c 6c 6f 00", "Hello"),
    ("f3 48 cd c9 c9 07 00 00", "Hello"),
    ("f2 48 05 00 00 00 ff ff ca c9 c9 07 00", "Hello"), ("00", ""), ("", ""),
    (
      "724bcc4b4b2c4ad55170436328628810270500",
      String(repeating: "Fanfare, Fanfare, Fanfare! ", count: 3)
    ),
    ("4acbac484d514843900000", "fixed fixed fixed"), ("000600f9ff73746f72656400", "stored"),
    ("4a2bcdc95100000000ffff4acb292dce0000", "full flush"),
    // The end of its last block is the end of the message.
    ("4bcbcccb2cce484d0100", "finished"),
    // The second message in it refers to nothing, the third block of the next to the first.
    ("f348cdc9c90700 f348cdc9c9070000", "HelloHello"),
  ]

  @Test func readsWhatOthersWrite() throws {
    let deflate = try #require(MessageDeflate())
    for (hex, text) in Self.vectors {
      let message = try deflate.inflate(Self.bytes(hex), bytesMax: 100)
      #expect(String(decoding: message, as: UTF8.self) == text, "\(hex)")
    }
  }

  @Test(arguments: 1...10 as ClosedRange<UInt64>)
  func givesBackWhatWasCompressed(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let deflate = try #require(MessageDeflate())
    for round in 0..<8 {
      let block = random.bytes(count: 1...(random.isOne(in: 2) ? 20 : 4_000))
      var message: [UInt8] = []
      let count = random.pick([0, 1, 128, 4_096, 32_767, 32_768, 32_769, 65_536, 100_000])
      while message.count < count { message += block }
      message = Array(message.prefix(count))
      let payload = deflate.deflate(message)
      let inflated = try deflate.inflate(payload, bytesMax: count)
      #expect(inflated == message, "seed \(seed) round \(round)")
      // A second opinion.
      let other = try InflateModel.inflate(payload + [0, 0, 0xFF, 0xFF])
      #expect(other == message, "seed \(seed) round \(round)")
      #expect(payload.count <= count + count / 1_000 + 16, "seed \(seed) round \(round)")
      let stored = InflateModel.stored(message, blockBytes: random.int(1...65_535) | 0x100)
      let read = try deflate.inflate(stored, bytesMax: count)
      #expect(read == message, "seed \(seed) round \(round)")
      if count > 0 {
        #expect(throws: WebSocketFault.tooBig(count - 1)) {
          try deflate.inflate(payload, bytesMax: count - 1)
        }
      }
    }
  }

  @Test func aBombCostsNoMoreThanTheBound() throws {
    let deflate = try #require(MessageDeflate())
    let bomb = InflateModel.zeros(runs: 400_000)
    #expect(throws: WebSocketFault.tooBig(10_000)) {
      try deflate.inflate(bomb, bytesMax: 10_000)
    }
    // In one block behind a last one, too.
    let behind = Self.bytes("f3 48 cd c9 c9 07 00") + bomb
    #expect(throws: WebSocketFault.tooBig(10_000)) {
      try deflate.inflate(behind, bytesMax: 10_000)
    }
    let zeros = try deflate.inflate(InflateModel.zeros(runs: 10), bytesMax: 2_581)
    #expect(zeros == [UInt8](repeating: 0, count: 2_581))
  }

  @Test func garbageIsRefusedAndForgotten() throws {
    let deflate = try #require(MessageDeflate())
    let good = deflate.deflate(Array("good".utf8))
    let wrong = [
      "06 00", "07", "00 05 00 05 00 01", "02 07 00", "f2 48 cd", "f2 48 cd c9 c9", "04", "05",
      "00 20 00 df ff 01 02 03", "ff ff ff ff", "f3 48 cd c9 c9 07 00 06",
      "f2 48 cd c9 c9 07",
    ]
    for hex in wrong {
      #expect(throws: WebSocketFault.invalidCompression, "\(hex)") {
        try deflate.inflate(Self.bytes(hex), bytesMax: 1_000)
      }
      #expect(try deflate.inflate(good, bytesMax: 4) == Array("good".utf8), "\(hex)")
    }
  }

  @Test(arguments: 1...10 as ClosedRange<UInt64>)
  func standsAnyMutation(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let deflate = try #require(MessageDeflate())
    for round in 0..<200 {
      let message = Array(random.text(of: "abc{}\":, ", count: 0...600).utf8)
      let payload = random.mutated(deflate.deflate(message))
      do throws(WebSocketFault) {
        let read = try deflate.inflate(payload, bytesMax: 500)
        // What is taken is taken by others, too.
        let other = try? InflateModel.inflate(payload + [0, 0, 0xFF, 0xFF])
        #expect(other == nil || other == read, "seed \(seed) round \(round)")
      } catch {
        #expect(error.code == 1007 || error.code == 1009, "seed \(seed) round \(round)")
      }
      #expect(
        try deflate.inflate(deflate.deflate(message), bytesMax: 600) == message,
        "seed \(seed) round \(round)")
    }
  }
}
