import FanfareActors
import FanfareRuntime
import FanfareTestKit
import Testing

@testable import FanfareBackplane

/// What a publish tells the nodes, read back, and every way in which it can be spoilt.
@Suite struct FeedMessageTests {
  private let channel = ChannelName("project:42")

  private func payload(_ head: String, _ events: [(type: String, data: [UInt8])]) -> [UInt8] {
    var bytes = Array("\(head)\n".utf8)
    for (type, data) in events {
      bytes += Array("\(type) \(data.count)\n".utf8) + data + [UInt8(ascii: "\n")]
    }
    return bytes
  }

  private func epoch(_ channel: ChannelName, seed: String, generation: String) throws -> Epoch {
    // The check characters are found as an outsider would: by trying.
    let digits = Array("0123456789abcdefghijklmnopqrstuvwxyz")
    for first in digits {
      for second in digits {
        let epoch = try #require(Epoch("\(seed)\(generation)\(first)\(second)"))
        if epoch.belongs(to: channel) { return epoch }
      }
    }
    throw FunctionError.malformed("no check characters")
  }

  @Test(arguments: 1...50 as ClosedRange<UInt64>)
  func readsBackWhatWasWritten(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let channel = try #require(self.channel)
    let generation = Generation(random: &random)
    let epoch = try epoch(channel, seed: "ab1c9", generation: generation.text)
    let events = (0..<random.int(1...20)).map { _ in
      let type = random.text(of: "abz09_.-", count: 1...128)
      return (type: type, data: random.bytes(count: 0...300))
    }
    let first = random.pick([1, 7, 1 << 52])
    let bytes = payload("\(generation) \(epoch) \(first) 1700000000123 \(events.count)", events)
    let message = try FeedMessage(bytes, in: channel)
    #expect(message.generation == generation)
    #expect(message.first == Position(offset: UInt64(first), epoch: epoch))
    #expect(message.drafts.map(\.type.text) == events.map(\.type))
    #expect(message.drafts.map(\.data) == events.map(\.data))
    let read = message.events(in: channel, now: MonotonicInstant(nanoseconds: 5))
    #expect(read.map(\.position.offset) == events.indices.map { UInt64(first + $0) })
    #expect(read.allSatisfy { $0.timeMilliseconds == 1_700_000_000_123 })

    // Cut anywhere, it is refused; so is anything behind it.
    for end in 0..<bytes.count {
      #expect(throws: FunctionError.self) { try FeedMessage(Array(bytes[..<end]), in: channel) }
    }
    #expect(throws: FunctionError.self) { try FeedMessage(bytes + [10], in: channel) }
    let other = try #require(ChannelName("project:43"))
    #expect(throws: FunctionError.self) { try FeedMessage(bytes, in: other) }
  }

  @Test func everyFieldIsChecked() throws {
    let channel = try #require(self.channel)
    let epoch = try epoch(channel, seed: "ab1c9", generation: "gener")
    let one = [(type: "t", data: Array("1".utf8))]
    _ = try FeedMessage(payload("gener \(epoch) 1 5 1", one), in: channel)
    for head in [
      "", " ", "gener \(epoch) 1 5", "gener \(epoch) 1 5 1 ", "gener \(epoch) 1 5 1 1",
      "genes \(epoch) 1 5 1", "GENER \(epoch) 1 5 1", "gener ab 1 5 1", "gener \(epoch) 0 5 1",
      "gener \(epoch) 01 5 1", "gener \(epoch) -1 5 1", "gener \(epoch) 1 5 2",
      "gener \(epoch) 1 5 0", "gener \(epoch) 1 5 1001", "gener \(epoch) 1 x 1",
      "gener \(epoch) 9007199254740992 5 1", "gener \(epoch) 99999999999999999999 5 1",
      "gener  \(epoch) 1 5 1", "gener \(epoch) 1 5 18446744073709551616",
      "gener \(epoch) 1 99999999999999999 1",
    ] {
      #expect(throws: FunctionError.self, "\(head)") {
        try FeedMessage(payload(head, one), in: channel)
      }
    }
    for line in [
      "open 1", "error 1", "fanfare.x 1", "t 2", "t 0", "t", "t 1 1", " 1", "t -1",
      "t 18446744073709551615", "t 9007199254740991", "\u{e9} 1", "t  1",
    ] {
      let bytes = Array("gener \(epoch) 1 5 1\n\(line)\n1\n".utf8)
      #expect(throws: FunctionError.self, "\(line)") { try FeedMessage(bytes, in: channel) }
    }
  }

  /// Whatever comes is read or refused, never a trap; and what is read keeps the rules.
  @Test func spoiltPayloadsAreReadOrRefused() throws {
    let channel = try #require(self.channel)
    let epoch = try epoch(channel, seed: "ab1c9", generation: "gener")
    let good = payload(
      "gener \(epoch) 5 1700000000000 3",
      [("a", Array("1".utf8)), ("b", Array("\"\n\"".utf8)), ("c", [])])
    var random = SeededGenerator(seed: 77)
    var taken = 0
    for _ in 0..<50_000 {
      let bytes = random.isOne(in: 8) ? random.bytes(count: 0...80) : random.mutated(good)
      guard let message = try? FeedMessage(bytes, in: channel) else { continue }
      taken += 1
      #expect((1...1000).contains(message.drafts.count))
      #expect(message.first.offset > 0 && message.first.epoch.belongs(to: channel))
      #expect(message.drafts.reduce(0) { $0 + $1.data.count } < bytes.count)
      #expect(message.drafts.allSatisfy { EventType($0.type.text) != nil })
    }
    #expect(taken > 100)
  }
}
