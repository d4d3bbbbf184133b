import FanfareActors
import FanfareRuntime
import FanfareTestKit
import Testing

@testable import FanfareBackplane

/// The typed readers of the functions' replies: what is not exactly what a function answers is an
/// error.
@Suite struct FunctionRepliesTests {
  private let channel = ChannelName("a:b")
  private let epoch = RedisValue.bytes(Array("ahsslabcde71".utf8))

  @Test func errorsHaveTheirMeaning() throws {
    let current = try #require(Generation("abcde"))
    for (text, meaning) in [
      ("GENERATION abcde", .generation(current)), ("GENERATION -", .generation(nil)),
      ("GENERATION", .generation(nil)), ("MISMATCH the key", .mismatch),
      ("INVALID the type", .invalid("the type")), ("ERR Function not found", .missing),
      ("OOM no memory", .unwritable("OOM no memory")), ("NOPERM x", .denied("NOPERM x")),
      ("READONLY x", .unwritable("READONLY x")), ("ERR x", .refused("ERR x")),
      ("", .refused("")),
    ] as [(String, FunctionError)] {
      #expect(FunctionError(reply: text) == meaning)
      #expect(throws: meaning) { try RedisFunctions.version(.error(text)) }
    }
  }

  @Test func publishedIsReadAndChecked() throws {
    let channel = try #require(self.channel)
    let good: [RedisValue] = [.integer(4), .integer(2), epoch, .integer(99), .integer(1)]
    let published = try RedisFunctions.published(.array(good), count: 2, in: channel)
    #expect(published.positions.map(\.description) == ["4.ahsslabcde71", "5.ahsslabcde71"])
    #expect(published.timeMilliseconds == 99 && published.isRepeated)
    let spoilt: [(Int, RedisValue)] = [
      (0, .integer(0)), (0, .integer(-1)), (0, .integer(1 << 53)), (0, .null), (1, .integer(3)),
      (1, .integer(.max)), (2, .bytes(Array("ahsslabcde72".utf8))), (2, .integer(1)),
      (2, .bytes([0xFF])), (3, .integer(-1)), (4, .integer(2)), (4, .bytes([])),
    ]
    for (index, value) in spoilt {
      var parts = good
      parts[index] = value
      #expect(throws: FunctionError.self, "\(index) \(value)") {
        try RedisFunctions.published(.array(parts), count: 2, in: channel)
      }
    }
    #expect(throws: FunctionError.self) {
      try RedisFunctions.published(.array(good + [.null]), count: 2, in: channel)
    }
    let other = try #require(ChannelName("a:c"))
    #expect(throws: FunctionError.self) {
      try RedisFunctions.published(.array(good), count: 2, in: other)
    }
  }

  @Test func aPageIsConsecutiveAndWithinItsState() throws {
    let channel = try #require(self.channel)
    let now = MonotonicInstant(nanoseconds: 1)
    func page(_ head: Int64, _ oldest: Int64, _ offsets: [Int64]) throws -> HistoryPage {
      let events = offsets.map { offset in
        RedisValue.array([.integer(offset), .bytes([0x74]), .bytes([0x31]), .integer(7)])
      }
      return try RedisFunctions.page(
        .array([.array([epoch, .integer(head), .integer(oldest)]), .array(events)]),
        of: channel, now: now)
    }
    #expect(try page(9, 3, [4, 5, 6]).events.map(\.position.offset) == [4, 5, 6])
    #expect(try page(9, 10, []).state.oldest == 10)
    for (head, oldest, offsets) in [
      (9, 3, [4, 6]), (9, 3, [2]), (9, 3, [10]), (9, 3, [5, 4]), (9, 11, []), (9, 0, []),
      (-1, 0, []),
    ] as [(Int64, Int64, [Int64])] {
      #expect(throws: FunctionError.self) { try page(head, oldest, offsets) }
    }
  }

  /// Any value is read or refused by every reader.
  @Test func anyReplyIsReadOrRefused() throws {
    let channel = try #require(self.channel)
    var random = SeededGenerator(seed: 3)
    func value(_ depth: Int) -> RedisValue {
      switch random.below(depth > 0 ? 7 : 5) {
      case 0: return .null
      case 1: return .integer(random.pick([-1, 0, 1, 2, 99, .max, .min]))
      case 2: return random.isOne(in: 2) ? epoch : .bytes(random.bytes(count: 0...12))
      case 3: return .status("OK")
      case 4: return .bytes(Array("abcde".utf8))
      default: return .array((0..<random.int(0...5)).map { _ in value(depth - 1) })
      }
    }
    for _ in 0..<20_000 {
      let reply = value(3)
      _ = try? RedisFunctions.version(reply)
      _ = try? RedisFunctions.loaded(reply)
      _ = try? RedisFunctions.published(reply, count: 1, in: channel)
      _ = try? RedisFunctions.states(reply, of: [channel, channel])
      _ = try? RedisFunctions.page(reply, of: channel, now: MonotonicInstant(nanoseconds: 1))
      _ = try? RedisFunctions.joined(reply)
      _ = try? RedisFunctions.raised(reply)
      _ = try? RedisFunctions.nodes(reply)
    }
  }

  @Test func namesAreBelowThePrefix() throws {
    let keys = RedisKeys(prefix: "p:")
    let channel = try #require(self.channel)
    #expect(String(decoding: keys.log(channel), as: UTF8.self) == "p:log:a:b")
    #expect(keys.channel(ofFeed: keys.feed(channel)) == channel)
    for feed in ["p:feed:", "p:feed:a b", "p:log:a", "feed:a", ""] {
      #expect(keys.channel(ofFeed: Array(feed.utf8)) == nil)
    }
    #expect(keys.channel(ofFeed: Array("p:feed:".utf8) + [0xFF]) == nil)
  }
}
