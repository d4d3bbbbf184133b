import FanfareRuntime
import FanfareTestKit
import FuzzInvariants
import Testing

@testable import FanfareServer

@Suite struct WebSocketReaderTests {
  private struct Reading: Equatable {
    var items: [WebSocketReader.Item] = []
    var code: UInt16?
    /// The bytes taken until the fault was found, or all.
    var consumed = 0
  }

  /// Reads `bytes` in reads that end at `ends`.
  private static func read(
    _ bytes: [UInt8], ends: [Int]? = nil, messageBytesMax: Int = 1_000, isMasked: Bool = true
  ) -> Reading {
    var reader = WebSocketReader(messageBytesMax: messageBytesMax, isMasked: isMasked)
    var reading = Reading()
    for end in ends ?? [bytes.count] {
      while true {
        var consumed = 0
        let outcome = reader.read(
          bytes.span.extracting(reading.consumed..<end), consumed: &consumed)
        reading.consumed += consumed
        if case .item(let item) = outcome {
          reading.items.append(item)
          continue
        }
        if case .failed(let fault) = outcome {
          reading.code = fault.code
          return reading
        }
        break
      }
    }
    return reading
  }

  // MARK: What is right

  private static func text(_ random: inout SeededGenerator, bytesMax: Int) -> [UInt8] {
    let letters = Array("aä€😀\u{7FF}\u{800}\u{FFFF}\u{10FFFF}\u{0}")
    var text = ""
    while text.utf8.count < bytesMax - 4, !random.isOne(in: 200) {
      text.append(random.pick(letters))
    }
    return Array(text.utf8)
  }

  /// One data message in any fragments, with control frames between them. Returns its bytes, and
  /// the items that must be read of them.
  private static func message(
    _ random: inout SeededGenerator, isMasked: Bool
  ) -> (bytes: [UInt8], items: [WebSocketReader.Item]) {
    let isText = random.isOne(in: 2)
    let payload = isText ? text(&random, bytesMax: 900) : random.bytes(count: 0...900)
    var bytes: [UInt8] = []
    var items: [WebSocketReader.Item] = []
    func add(_ opcode: UInt8, _ payload: [UInt8], isFinal: Bool = true) {
      bytes += SocketFrame.bytes(
        opcode, payload, isFinal: isFinal, mask: isMasked ? random.bytes(count: 4...4) : nil)
    }
    var start = 0
    var opcode = isText ? SocketFrame.text : SocketFrame.binary
    while random.below(3) > 0 {
      let end = random.int(start...payload.count)
      add(opcode, Array(payload[start..<end]), isFinal: false)
      (start, opcode) = (end, SocketFrame.continuation)
      if random.isOne(in: 2) {
        let control = random.bytes(count: 0...125)
        let isPing = random.isOne(in: 2)
        add(isPing ? SocketFrame.ping : SocketFrame.pong, control)
        items.append(isPing ? .ping(control) : .pong(control))
      }
    }
    add(opcode, Array(payload[start...]))
    return (bytes, items + [isText ? .text(payload) : .binary(payload)])
  }

  @Test(arguments: 1...20 as ClosedRange<UInt64>)
  func readsWhatWasSentHoweverItIsCut(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    for round in 0..<10 {
      let isMasked = round % 3 > 0
      var bytes: [UInt8] = []
      var items: [WebSocketReader.Item] = []
      for _ in 0..<random.int(1...8) {
        let message = Self.message(&random, isMasked: isMasked)
        bytes += message.bytes
        items += message.items
      }
      let expected = Reading(items: items, consumed: bytes.count)
      #expect(Self.read(bytes, isMasked: isMasked) == expected, "seed \(seed) round \(round)")
      let single = Self.read(bytes, ends: Array(0...bytes.count), isMasked: isMasked)
      #expect(single == expected, "seed \(seed) round \(round)")
      var ends = (0..<random.int(0...30)).map { _ in random.int(0...bytes.count) }.sorted()
      ends.append(bytes.count)
      let cut = Self.read(bytes, ends: ends, isMasked: isMasked)
      #expect(cut == expected, "seed \(seed) round \(round)")
    }
  }

  @Test(arguments: 1...12 as ClosedRange<UInt64>)
  func standsAnyMutation(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    for round in 0..<60 {
      let first = UInt8(random.below(4))
      var bytes: [UInt8] = [first]
      for _ in 0..<random.int(1...3) {
        bytes += Self.message(&random, isMasked: first & 1 == 0).bytes.prefix(400)
      }
      let violation = WebSocketInvariants.violation([first] + random.mutated(bytes).dropFirst())
      #expect(violation == nil, "seed \(seed) round \(round)")
    }
  }

  @Test func lengthsAtTheirBorders() {
    for count in [0, 1, 125, 126, 127, 128, 65_535, 65_536, 70_000] {
      let payload = [UInt8](repeating: 7, count: count)
      let bytes = SocketFrame.bytes(SocketFrame.binary, payload)
      let reading = Self.read(bytes, messageBytesMax: 70_000)
      #expect(reading.items == [.binary(payload)], "\(count)")
    }
  }

  @Test func isWithinAMessageUntilItsEnd() {
    var reader = WebSocketReader(messageBytesMax: 100)
    var states: [Bool] = [reader.isWithinMessage]
    let frames = [
      SocketFrame.bytes(SocketFrame.text, [], isFinal: false),
      SocketFrame.bytes(SocketFrame.ping, []), SocketFrame.bytes(SocketFrame.continuation, [0x61]),
      Array(SocketFrame.bytes(SocketFrame.binary, [1, 2]).dropLast()),
    ]
    for frame in frames {
      var consumed = 0
      _ = reader.read(frame.span, consumed: &consumed)
      states.append(reader.isWithinMessage)
    }
    #expect(states == [false, true, true, false, true])
  }

  // MARK: What is wrong

  private static let violations: [(name: String, bytes: [UInt8])] = {
    typealias Frame = SocketFrame
    let open = Frame.bytes(Frame.text, [0x61], isFinal: false)
    var violations: [(String, [UInt8])] = [
      ("no mask", Frame.bytes(Frame.text, [0x61], mask: nil)),
      ("125 in two bytes", [0x82, 0xFE, 0, 125]), ("0 in two bytes", [0x82, 0xFE, 0, 0]),
      ("65535 in eight bytes", [0x82, 0xFF, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]),
      ("125 in eight bytes", [0x82, 0xFF, 0, 0, 0, 0, 0, 0, 0, 125]),
      ("the top bit", [0x82, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0]),
      ("all bits", [0x82, 0xFF] + [UInt8](repeating: 0xFF, count: 8)),
      ("a ping of 126", [0x89, 0xFE]), ("a pong of 65536", [0x8A, 0xFF]),
      ("a close of 126", [0x88, 0xFE]), ("a ping in fragments", [0x09, 0x80]),
      ("a pong in fragments", [0x0A, 0x80]), ("a close in fragments", [0x08, 0x80]),
      ("a continuation of nothing", [0x80, 0x80]), ("an open one", [0x00, 0x80]),
      ("a text within", open + [0x81, 0x80]), ("a binary within", open + [0x02, 0x80]),
      ("a continuation too many", open + Frame.bytes(0, [0x62]) + [0x80, 0x80]),
      ("a close of one byte", Frame.bytes(Frame.close, [3])),
    ]
    for opcode: UInt8 in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] {
      violations.append(("opcode \(opcode)", [0x80 | opcode, 0x80]))
    }
    for reserved: UInt8 in [0x10, 0x20, 0x40, 0x30, 0x50, 0x60, 0x70] {
      violations.append(("bits \(reserved)", [0x81 | reserved, 0x80]))
      violations.append(("bits \(reserved) of a ping", [0x89 | reserved, 0x80]))
    }
    for code: UInt16 in [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535] {
      violations.append(("code \(code)", Frame.bytes(Frame.close, Frame.closePayload(code))))
    }
    return violations
  }()

  /// With the last byte of what is given here, and not before.
  @Test func everyViolationIsFoundAsSoonAsItIsThere() {
    for (name, bytes) in Self.violations {
      #expect(Self.read(bytes).code == 1002, "\(name)")
      #expect(Self.read(bytes, ends: Array(0...bytes.count)).code == 1002, "\(name)")
      #expect(Self.read(bytes + bytes).code == 1002, "\(name)")
      #expect(WebSocketInvariants.violation([0] + bytes) == nil, "\(name)")
    }
    let masked = SocketFrame.bytes(SocketFrame.text, [0x61])
    #expect(Self.read(masked, isMasked: false).code == 1002)
  }

  @Test func closeCodesThatMayBeSent() {
    for code in Array(1_000...1_003) + Array(1_007...1_014) + [3_000, 3_999, 4_000, 4_999] {
      let payload = SocketFrame.closePayload(UInt16(code), Array("tschüß".utf8))
      let reading = Self.read(SocketFrame.bytes(SocketFrame.close, payload))
      #expect(reading.items == [.close(UInt16(code))])
    }
    #expect(Self.read(SocketFrame.bytes(SocketFrame.close, [])).items == [.close(nil)])
    for reason: [UInt8] in [[0xFF], [0xC3], [0xED, 0xA0, 0x80]] {
      let payload = SocketFrame.closePayload(1_000, reason)
      #expect(Self.read(SocketFrame.bytes(SocketFrame.close, payload)).code == 1007)
    }
  }

  @Test func wrongUTF8IsFoundWithItsFirstByte() {
    let good = Array("ä€".utf8)
    for wrong: [UInt8] in [[0xFF], [0xC0], [0xE0, 0x80], [0xED, 0xA0], [0xF4, 0x90], [0x80]] {
      let frame = SocketFrame.bytes(SocketFrame.text, good + wrong + [0x61, 0x61, 0x61])
      // The head, the good part and the wrong one: the rest has not come.
      let end = 6 + good.count + wrong.count
      #expect(Self.read(Array(frame[..<(end - 1)])).code == nil, "\(wrong)")
      #expect(Self.read(Array(frame[..<end])).code == 1007, "\(wrong)")
      // Across frames, each with one byte.
      var frames: [UInt8] = []
      for (index, byte) in (good + wrong).enumerated() {
        frames += SocketFrame.bytes(index == 0 ? 1 : 0, [byte], isFinal: false)
      }
      #expect(Self.read(frames).code == 1007, "\(wrong)")
      #expect(Self.read(Array(frames.dropLast())).code == nil, "\(wrong)")
    }
    let cut = SocketFrame.bytes(SocketFrame.text, [0xC3])
    #expect(Self.read(cut).code == 1007)
    // A binary message may hold anything.
    let binary = SocketFrame.bytes(SocketFrame.binary, [0xFF, 0xC0])
    #expect(Self.read(binary).items == [.binary([0xFF, 0xC0])])
  }

  @Test func whatIsTooBigIsFoundWithTheHead() {
    let head: [UInt8] = [0x82, 0xFE, 0x03, 0xE9]
    #expect(Self.read(head).code == 1009)
    #expect(Self.read(Array(head.dropLast())).code == nil)
    #expect(Self.read([0x82, 0xFF, 0x7F, 0, 0, 0, 0, 0, 0, 0]).code == 1009)
    let part = SocketFrame.bytes(
      SocketFrame.binary, [UInt8](repeating: 0, count: 600), isFinal: false)
    #expect(Self.read(part + [0x80, 0xFE, 0x01, 0x91]).code == 1009)
    #expect(Self.read(part + [0x80, 0xFE, 0x01, 0x90]).code == nil)
  }
}
