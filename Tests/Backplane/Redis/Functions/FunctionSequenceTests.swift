import FanfareActors
import FanfareRuntime
import FanfareTestKit
import Testing

@testable import FanfareBackplane

/// Random calls of the functions, and deletions in between, against plain lists; the same over a
/// real server and over the model.
@Suite struct FunctionSequenceTests {
  private static let ttl: Int64 = 40

  /// One seeded sequence.
  private struct Sequence {
    let redis: any RedisUnderTest
    let functions: RedisFunctions
    let mode: RedisMode
    let channels: [ChannelName]
    var random: SeededGenerator
    var generation: Generation
    var books: [LogBook]
    var keys: [[UInt8]: (channel: Int, drafts: [Draft], published: Published)] = [:]

    init(_ redis: any RedisUnderTest, mode: RedisMode, seed: UInt64) throws {
      self.redis = redis
      self.mode = mode
      functions = RedisFunctions(keys: RedisKeys(prefix: "p\(seed):"))
      random = SeededGenerator(seed: seed)
      channels = try ["a", "project:42", "project:~@=+.-_"].map { try #require(ChannelName($0)) }
      let history = random.int(1...30)
      let bytes = random.pick([1, 1_000, 3_000, .max])
      generation = try redis.join(
        functions, mode: mode, history: history, bytes: bytes,
        ttl: .milliseconds(FunctionSequenceTests.ttl)
      ).generation
      books = channels.map { _ in
        LogBook(
          history: history, bytes: bytes, ttl: FunctionSequenceTests.ttl,
          isKept: mode == .streams)
      }
      for channel in channels { try redis.subscribe(functions.keys.feed(channel)) }
    }

    mutating func step() throws {
      let index = random.below(channels.count)
      switch random.below(20) {
      case 0..<8: try publish(index)
      case 8..<10: try publishWithKey(index)
      case 10..<13: try state(index)
      case 13..<16: try read(index)
      case 16: try redis.wait(milliseconds: Int64(random.int(1...60)))
      case 17: try deleteEntry(index)
      case 18: try deleteKey(index)
      default: try raise(index)
      }
    }

    private func drafts(_ random: inout SeededGenerator) -> [Draft] {
      (0..<(random.isOne(in: 6) ? random.int(1...40) : random.int(1...3))).map { _ in
        let text = random.text(of: "ab\"\n\\ \u{e9}{", count: 0...200)
        return Draft(
          type: random.pick([.agentStarted, .agentProgress, .chosen]), data: Array(text.utf8))
      }
    }

    private mutating func publish(_ index: Int) throws {
      let drafts = drafts(&random)
      _ = try publish(drafts, to: index, key: nil)
    }

    private mutating func publish(
      _ drafts: [Draft], to index: Int, key: PublishKey?
    ) throws -> Published {
      let start = try redis.time()
      let reply = try redis.run(
        functions.publish(drafts, to: channels[index], key: key, in: generation))
      let published = try RedisFunctions.published(
        reply, count: drafts.count, in: channels[index])
      #expect(!published.isRepeated)
      books[index].published(drafts, published, within: start...(try redis.time()))
      let (feed, payload) = try redis.nextMessage()
      #expect(feed == functions.keys.feed(channels[index]))
      let message = try FeedMessage(payload, in: channels[index])
      #expect(message.generation == generation && message.first == published.positions[0])
      #expect(message.drafts == drafts && message.timeMilliseconds == published.timeMilliseconds)
      return published
    }

    private mutating func publishWithKey(_ index: Int) throws {
      let name = random.bytes(count: 0...1) + [0x1F, 0x20] + Array("key\(random.below(4))".utf8)
      let key = PublishKey(name: name, fingerprint: 7)
      let place = name + [0] + Array(channels[index].text.utf8)
      if let before = keys[place] {
        let reply = try redis.run(
          functions.publish(before.drafts, to: channels[index], key: key, in: generation))
        let again = try RedisFunctions.published(
          reply, count: before.drafts.count, in: channels[index])
        #expect(again.isRepeated && again.positions == before.published.positions)
        #expect(again.timeMilliseconds == before.published.timeMilliseconds)
        let other = PublishKey(name: name, fingerprint: 8)
        let refusal = try redis.run(
          functions.publish(before.drafts, to: channels[index], key: other, in: generation))
        #expect(throws: FunctionError.mismatch) {
          try RedisFunctions.published(refusal, count: 1, in: channels[index])
        }
      } else {
        let drafts = drafts(&random)
        keys[place] = (index, drafts, try publish(drafts, to: index, key: key))
      }
    }

    private mutating func state(_ index: Int) throws {
      let start = try redis.time()
      let reply = try redis.run(functions.state(of: channels, in: generation))
      let states = try RedisFunctions.states(reply, of: channels)
      let end = try redis.time()
      for index in channels.indices { books[index].check(states[index], within: start...end) }
    }

    private mutating func read(_ index: Int) throws {
      let head = Int(books[index].head)
      let from = UInt64(random.int(0...(head + 2)))
      let eventsMax = random.pick([1, 2, 7, 1_000])
      let bytesMax = random.pick([1, 400, 1_000, .max])
      let start = try redis.time()
      let page = try redis.read(
        functions, channels[index], from: from, eventsMax: eventsMax, bytesMax: bytesMax,
        in: generation)
      books[index].check(
        page, from: from, eventsMax: eventsMax, bytesMax: bytesMax,
        within: start...(try redis.time()))
    }

    private mutating func deleteEntry(_ index: Int) throws {
      guard let entry = books[index].entries.last(where: { _ in random.isOne(in: 3) }) else {
        return
      }
      let id = Array("\(entry.offset)-0".utf8)
      let reply = try redis.run([
        Array("XDEL".utf8), functions.keys.log(channels[index]), id,
      ])
      if reply == .integer(1) { books[index].deleted(entry.offset) }
    }

    private mutating func deleteKey(_ index: Int) throws {
      let keys = functions.keys
      if random.isOne(in: 3) {
        _ = try redis.run([Array("DEL".utf8), keys.meta(channels[index])])
        books[index].lostHead()
      } else {
        _ = try redis.run([Array("UNLINK".utf8), keys.log(channels[index])])
        books[index].lostStream()
      }
    }

    private mutating func raise(_ index: Int) throws {
      let candidate = Generation(random: &random)
      let raised = try RedisFunctions.raised(
        redis.run(functions.raise(from: generation, to: candidate, run: "run")))
      #expect(raised == candidate)
      let refusal = try redis.run(
        functions.publish(drafts(&random), to: channels[index], key: nil, in: generation))
      #expect(throws: FunctionError.generation(candidate)) {
        try RedisFunctions.published(refusal, count: 1, in: channels[index])
      }
      generation = candidate
      for index in books.indices { books[index].raised() }
    }
  }

  @Test(arguments: RedisKind.allCases, RedisMode.allCases)
  func sequencesAgreeWithTheLists(kind: RedisKind, mode: RedisMode) async throws {
    let redis = try await kind.start(seed: 1)
    try redis.load(RedisFunctions(keys: RedisKeys()))
    for seed in 1...10 as ClosedRange<UInt64> {
      var sequence = try Sequence(redis, mode: mode, seed: seed)
      for step in 0..<200 {
        do {
          try sequence.step()
        } catch {
          Issue.record("seed \(seed) step \(step): \(error)")
          return
        }
      }
    }
  }
}

extension EventType {
  fileprivate static var chosen: EventType { EventType("x.y-z_1") ?? .agentError }
}
