import FanfareActors
import FanfareRuntime
import FanfareTestKit
import Testing

@testable import FanfareBackplane

/// What only a real server does to the functions: memory, replicas, rights, foreign hands.
@Suite struct FunctionsOnServerTests {
  private let functions = RedisFunctions(keys: RedisKeys())
  private let channel: ChannelName

  init() throws {
    channel = try #require(ChannelName("project:42"))
  }

  private func start(_ options: [String] = []) async throws -> RedisServerUnderTest {
    let redis = try RedisServerUnderTest(await RedisServer.start(options))
    try redis.load(functions)
    return redis
  }

  @Test func withoutMemoryNothingIsPublishedAndAllIsRead() async throws {
    let redis = try await start()
    let generation = try redis.join(functions).generation
    _ = try redis.publish(functions, ["1", "2"], to: channel, in: generation)
    #expect(try redis.run("CONFIG", "SET", "maxmemory", "1").isOK)
    do {
      _ = try redis.publish(functions, ["3"], to: channel, in: generation)
      Issue.record("published without memory")
    } catch FunctionError.unwritable(let text) {
      #expect(text.hasPrefix("OOM "))
    }
    let page = try redis.read(functions, channel, from: 1, in: generation)
    #expect(page.state.head == 2 && page.events.count == 2)
    let other = try #require(ChannelName("never:seen"))
    #expect(try redis.state(functions, of: other, in: generation).head == 0)
    #expect(try redis.join(functions).generation == generation)
    let nodes = try redis.run(functions.beat(id: "a", ttl: .seconds(5), description: []))
    #expect(try RedisFunctions.nodes(nodes).count == 1)
    #expect(try redis.run("CONFIG", "SET", "maxmemory", "0").isOK)
    let third = try redis.publish(functions, ["3"], to: channel, in: generation)
    #expect(third.positions.map(\.offset) == [3])
  }

  @Test func aReplicaIsNotWrittenTo() async throws {
    let redis = try await start()
    let generation = try redis.join(functions).generation
    let replica = try await RedisServer.start([
      "--replicaof", "127.0.0.1 \(redis.server.port)",
    ])
    let under = try RedisServerUnderTest(replica)
    let isReplicated = try await Deadline().holds {
      let version = try under.run(functions.version())
      return (try? RedisFunctions.version(version)) == RedisFunctions.libraryVersion
    }
    #expect(isReplicated)
    do {
      _ = try under.publish(functions, ["3"], to: channel, in: generation)
      Issue.record("published on a replica")
    } catch FunctionError.unwritable(let text) {
      #expect(text.hasPrefix("READONLY "))
    }
    // What a publish does reaches it.
    _ = try redis.publish(functions, ["1"], to: channel, in: generation)
    let arrives = try await Deadline().holds {
      try under.run([Array("XLEN".utf8), functions.keys.log(channel)]) == .integer(1)
    }
    #expect(arrives)
  }

  @Test func foreignHandsInTheLogBeginItAnew() async throws {
    let redis = try await start()
    let generation = try redis.join(functions).generation
    let keys = functions.keys
    func spoil(_ words: [String]) throws {
      let before = try redis.publish(functions, ["1"], to: channel, in: generation)
      _ = try redis.run(["DEL", "fanfare:log:project:42"].map { Array($0.utf8) })
      _ = try redis.run(words.map { Array($0.utf8) })
      let after = try redis.publish(functions, ["2", "3"], to: channel, in: generation)
      #expect(after.positions.map(\.offset) == [1, 2])
      #expect(after.positions[0].epoch != before.positions[0].epoch)
      _ = try redis.run([Array("DEL".utf8), keys.log(channel)])
      _ = try redis.run(words.map { Array($0.utf8) })
      let state = try redis.state(functions, of: channel, in: generation)
      #expect(state.head == 0 && state.epoch != after.positions[0].epoch)
      let again = try redis.publish(functions, ["4"], to: channel, in: generation)
      #expect(again.positions[0] == Position(offset: 1, epoch: state.epoch))
      let page = try redis.read(functions, channel, from: 1, in: generation)
      #expect(page.events.map(\.data) == [Array("4".utf8)])
    }
    try spoil(["XADD", "fanfare:log:project:42", "*", "a", "b"])
    try spoil(["SET", "fanfare:log:project:42", "x"])
    try spoil(["RPUSH", "fanfare:log:project:42", "x"])
    _ = try redis.run("SET", "fanfare:meta:project:42", "x")
    #expect(try redis.state(functions, of: channel, in: generation).head == 0)
    _ = try redis.run("HSET", "fanfare:meta:project:42", "head", "minus one")
    #expect(try redis.state(functions, of: channel, in: generation).head == 0)
  }

  @Test func offsetsAreExactUpToTheirEnd() async throws {
    let redis = try await start()
    let generation = try redis.join(functions).generation
    _ = try redis.publish(functions, ["1"], to: channel, in: generation)
    _ = try redis.run("HSET", "fanfare:meta:project:42", "head", "9007199254740987")
    let published = try redis.publish(functions, ["1", "2"], to: channel, in: generation)
    #expect(published.positions.map(\.offset) == [9_007_199_254_740_988, 9_007_199_254_740_989])
    let page = try redis.read(
      functions, channel, from: 9_007_199_254_740_989, in: generation)
    #expect(page.events.map(\.position.offset) == [9_007_199_254_740_989])
    #expect(page.state.oldest == 9_007_199_254_740_988)
    _ = try redis.publish(functions, ["1", "2"], to: channel, in: generation)
    #expect(throws: FunctionError.self) {
      try redis.publish(functions, ["1"], to: channel, in: generation)
    }
  }

  /// The newest event's time is kept with the head; the clock may have gone back since.
  @Test func timeStandsStillWhileTheClockIsBehind() async throws {
    let redis = try await start()
    let generation = try redis.join(functions, ttl: .seconds(30)).generation
    _ = try redis.publish(functions, ["1"], to: channel, in: generation)
    let ahead = try redis.time() + 60_000
    _ = try redis.run("HSET", "fanfare:meta:project:42", "time", "\(ahead)")
    let published = try redis.publish(functions, ["2"], to: channel, in: generation)
    #expect(published.timeMilliseconds == ahead)
    // By that time the first event is past its own.
    #expect(try redis.state(functions, of: channel, in: generation).oldest == 2)
    let page = try redis.read(functions, channel, from: 1, in: generation)
    #expect(page.events.map(\.timeMilliseconds) == [ahead])
  }

  /// Nodes have checked what they publish; others name no generation and are checked here.
  @Test func othersPublishOnlyJSON() async throws {
    let redis = try await start()
    _ = try redis.join(functions)
    func publish(_ data: [UInt8]) throws -> RedisValue {
      let words = ["FCALL", "fanfare_publish", "2", "fanfare:hub", "fanfare:log:a", "", "", ""]
      return try redis.run((words + ["t"]).map { Array($0.utf8) } + [data])
    }
    for text in [
      "{}", "[]", "\"a\"", " 1 ", "-0.5e-10", "0", "1E+5", "\"\\u1234 \u{e9}\"", "null",
      "[1,{\"a\":[null,true,false]}]", "\"\\\\\\\"\"", "\"\u{1F600}\"", "{\"a\\\"b\":\"c,d:[]\"}",
      "\"\u{7f}\"", "[-1,2.0,-3e4]", "{\n\t\"a\" : \"b\"\r\n}",
    ] {
      #expect(try publish(Array(text.utf8)).elements.count == 5, "\(text)")
    }
    for text in [
      "", "{", "nan", "NaN", "Infinity", "-", "01", "-01", "\"a\nb\"", "\"a\\\nb\"", "1 2", "0x10",
      "+1", "1.", ".5", "[1,]", "{\"a\":1}x", "1e", "\"\\x\"", "tru", "--1", "1e5.2", "'a'",
      "{a:1}", "\u{FEFF}1", "// 1",
    ] {
      let reply = try publish(Array(text.utf8))
      #expect(reply.text?.hasPrefix("INVALID ") == true, "\(text): \(reply)")
    }
    let middles: [[UInt8]] = [
      [0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xC3],
    ]
    for middle in middles {
      let reply = try publish([0x22] + middle + [0x22])
      #expect(reply.text?.hasPrefix("INVALID ") == true, "\(middle): \(reply)")
    }
    let large = Array(repeating: UInt8(ascii: "1"), count: 1_048_577)
    #expect(try publish(large).text?.hasPrefix("INVALID ") == true)
  }

  @Test func aFirehoseHasTheEventsOfItsNamespace() async throws {
    let redis = try await start()
    let candidate = try #require(Generation("aaaaa"))
    let settings = LogSettings(
      historyEventsMax: 10, ttl: .seconds(60), metaTTL: .seconds(600))
    var hosed = settings
    hosed.firehoseEventsMax = 100
    let join = functions.join(
      candidate: candidate, run: "r", isDurable: false, mode: .pubsub, defaults: settings,
      namespaces: [("project", hosed)])
    let generation = try RedisFunctions.joined(redis.run(join)).generation
    let other = try #require(ChannelName("chat:7"))
    let published = try redis.publish(functions, ["1", "2"], to: channel, in: generation)
    _ = try redis.publish(functions, ["3"], to: other, in: generation)
    let entries = try redis.run("XRANGE", "fanfare:firehose:project", "-", "+").elements
    #expect(entries.count == 2)
    let fields = entries[1].elements[1].elements.map { $0.text ?? "" }
    #expect(
      fields == [
        "channel", "project:42", "position", published.positions[1].description,
        "type", "agent_progress", "data", "2", "time", "\(published.timeMilliseconds)",
      ])
    #expect(try redis.run("EXISTS", "fanfare:firehose:chat") == .integer(0))
    #expect(try redis.run("EXISTS", "fanfare:log:project:42") == .integer(0))
  }

  @Test func everyKeyOfAChannelHasATimeToLive() async throws {
    let redis = try await start()
    let generation = try redis.join(functions, metaTTL: .seconds(60)).generation
    func ttl(_ key: [UInt8]) throws -> Int64 {
      guard case .integer(let left) = try redis.run([Array("PTTL".utf8), key]) else { return -3 }
      return left
    }
    let key = PublishKey(name: Array("k y\n".utf8), fingerprint: 1)
    _ = try redis.publish(functions, ["1"], to: channel, key: key, in: generation)
    #expect(try (50_000...60_000).contains(ttl(functions.keys.meta(channel))))
    #expect(try (50_000...60_000).contains(ttl(functions.keys.log(channel))))
    let stored = try ttl(functions.keys.idempotency(channel, key.name))
    #expect((110_000...120_000).contains(stored))
    // A stream that was evicted gets one again, though the head's was renewed just now.
    _ = try redis.run([Array("DEL".utf8), functions.keys.log(channel)])
    _ = try redis.publish(functions, ["2"], to: channel, in: generation)
    #expect(try (50_000...60_000).contains(ttl(functions.keys.log(channel))))
  }

  /// Written by hand into the log and its head: what lies before it cannot be replayed any more.
  @Test(arguments: [
    ["a", "b"], ["type", "t", "data", "1"], ["type", "open", "data", "1", "time", "5"],
    ["type", "fanfare.x", "data", "1", "time", "5"], ["data", "1", "type", "t", "time", "5"],
    ["type", "t", "data", "1", "time", "-5"], ["type", "t", "data", "1", "time", "nan"],
    ["type", "", "data", "1", "time", "5"], ["type", "t", "data", "1", "when", "5"],
  ])
  func anEntryThatIsNoEventIsPassedOver(fields: [String]) async throws {
    let redis = try await start()
    let generation = try redis.join(functions).generation
    func write(_ offset: UInt64) throws {
      let words = ["XADD", "fanfare:log:project:42", "\(offset)-0"] + fields
      #expect(try redis.run(words.map { Array($0.utf8) }).text == "\(offset)-0")
      _ = try redis.run("HSET", "fanfare:meta:project:42", "head", "\(offset)")
    }
    _ = try redis.publish(functions, ["1", "2"], to: channel, in: generation)
    try write(3)
    try write(4)
    _ = try redis.publish(functions, ["5", "6"], to: channel, in: generation)
    var page = try redis.read(functions, channel, from: 1, in: generation)
    #expect(page.events.map(\.position.offset) == [1, 2] && page.state.oldest == 1)
    page = try redis.read(functions, channel, from: 3, in: generation)
    #expect(page.events.map(\.position.offset) == [5, 6] && page.state.oldest == 5)
    page = try redis.read(functions, channel, from: 1, in: generation)
    #expect(page.events.map(\.position.offset) == [5, 6] && page.state.oldest == 5)
    try write(7)
    page = try redis.read(functions, channel, from: 7, in: generation)
    #expect(page.events.isEmpty && page.state.head == 7 && page.state.oldest == 8)
    let next = try redis.publish(functions, ["8"], to: channel, in: generation)
    #expect(next.positions == [Position(offset: 8, epoch: page.state.epoch)])
    #expect(try redis.read(functions, channel, from: 8, in: generation).events.count == 1)
  }
}
