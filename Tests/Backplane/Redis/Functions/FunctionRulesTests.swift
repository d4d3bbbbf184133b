import FanfareActors
import FanfareRuntime
import FanfareTestKit
import Testing

@testable import FanfareBackplane

/// Each rule of the functions by itself, over a real server and over the model.
@Suite struct FunctionRulesTests {
  private let functions = RedisFunctions(keys: RedisKeys())
  private let channel: ChannelName

  init() throws {
    channel = try #require(ChannelName("project:42"))
  }

  private func start(_ kind: RedisKind) async throws -> any RedisUnderTest {
    let redis = try await kind.start(seed: 5)
    try redis.load(functions)
    return redis
  }

  @Test(arguments: RedisKind.allCases)
  func aMissingLibraryIsToldAndLoaded(kind: RedisKind) async throws {
    let redis = try await kind.start(seed: 4)
    #expect(throws: FunctionError.missing) {
      try RedisFunctions.version(redis.run(functions.version()))
    }
    try redis.load(functions)
    let version = try RedisFunctions.version(redis.run(functions.version()))
    #expect(version == RedisFunctions.libraryVersion)
    // In place of the one that is there.
    try redis.load(functions)
    _ = try redis.run("FUNCTION", "FLUSH")
    #expect(throws: FunctionError.missing) {
      try RedisFunctions.version(redis.run(functions.version()))
    }
  }

  @Test(arguments: RedisKind.allCases)
  func nothingIsPublishedBeforeANodeJoined(kind: RedisKind) async throws {
    let redis = try await start(kind)
    let generation = try #require(Generation("abcde"))
    #expect(throws: FunctionError.generation(nil)) {
      try redis.publish(functions, ["1"], to: channel, in: generation)
    }
    #expect(throws: FunctionError.generation(nil)) {
      try redis.state(functions, of: channel, in: generation)
    }
    #expect(throws: FunctionError.generation(nil)) {
      try redis.read(functions, channel, from: 1, in: generation)
    }
    #expect(throws: FunctionError.generation(nil)) {
      try RedisFunctions.raised(
        redis.run(functions.raise(from: generation, to: generation, run: "r")))
    }
  }

  @Test(arguments: RedisKind.allCases)
  func joiningKeepsOrRaisesTheGeneration(kind: RedisKind) async throws {
    let redis = try await start(kind)
    let first = try redis.join(functions, "aaaaa", run: "one")
    #expect(first.generation.text == "aaaaa" && !first.isRaised)
    // The same run: kept, whatever is said of the log.
    let same = try redis.join(functions, "bbbbb", run: "one", isDurable: true)
    #expect(same.generation.text == "aaaaa")
    // Another run that lost nothing.
    let continued = try redis.join(functions, "bbbbb", run: "two", isDurable: true)
    #expect(continued.generation.text == "aaaaa" && !continued.isRaised)
    #expect(try redis.join(functions, "bbbbb", run: "two").generation.text == "aaaaa")
    // Another run that may have.
    let raised = try redis.join(functions, "bbbbb", run: "three")
    #expect(raised.generation.text == "bbbbb" && raised.isRaised)
    // Two nodes find the same: the first one raises, the other one joins it.
    let other = try redis.join(functions, "ccccc", run: "three")
    #expect(other.generation.text == "bbbbb" && !other.isRaised)

    let expected = try #require(Generation("aaaaa"))
    let candidate = try #require(Generation("ddddd"))
    let stays = try redis.run(functions.raise(from: expected, to: candidate, run: "three"))
    #expect(try RedisFunctions.raised(stays).text == "bbbbb")
    let moves = try redis.run(
      functions.raise(from: raised.generation, to: candidate, run: "three"))
    #expect(try RedisFunctions.raised(moves) == candidate)
    _ = try redis.run("FLUSHALL")
    let anew = try redis.join(functions, "eeeee", run: "three")
    #expect(anew.generation.text == "eeeee" && !anew.isRaised)
    // It is durable, the run before it was not.
    let late = try redis.join(functions, "fffff", run: "four", isDurable: true)
    #expect(late.generation.text == "fffff" && late.isRaised)
  }

  @Test(arguments: RedisKind.allCases)
  func anotherModeHasToWaitForTheNodesOfThis(kind: RedisKind) async throws {
    let redis = try await start(kind)
    _ = try redis.join(functions)
    func beat(_ id: String, _ ttl: Duration) throws -> [NodeRecord] {
      try RedisFunctions.nodes(
        redis.run(functions.beat(id: id, ttl: ttl, description: Array("{\"id\":1}".utf8))))
    }
    #expect(try beat("b", .milliseconds(1_000)).map(\.id) == ["b"])
    #expect(try beat("a", .seconds(60)).map(\.id) == ["a", "b"])
    #expect(throws: FunctionError.self) { try redis.join(functions, mode: .pubsub) }
    try redis.wait(milliseconds: 1_020)
    #expect(try beat("c", .zero).map(\.id) == ["a"])
    let alive = try beat("c", .seconds(60))
    #expect(alive.map(\.id) == ["a", "c"])
    #expect(alive.allSatisfy { $0.description == Array("{\"id\":1}".utf8) })
    _ = try beat("a", .zero)
    #expect(throws: FunctionError.self) { try redis.join(functions, mode: .pubsub) }
    #expect(try beat("c", .zero).isEmpty)
    _ = try redis.join(functions, mode: .pubsub)
  }

  @Test(arguments: RedisKind.allCases)
  func aLogThatIsLostBeginsAnewOrTellsWhatIsMissing(kind: RedisKind) async throws {
    let redis = try await start(kind)
    let generation = try redis.join(functions).generation
    let first = try redis.publish(functions, ["1", "2", "3"], to: channel, in: generation)
    _ = try redis.run([Array("DEL".utf8), functions.keys.log(channel)])
    var state = try redis.state(functions, of: channel, in: generation)
    #expect(state == LogState(epoch: first.positions[0].epoch, head: 3, oldest: 4))
    let next = try redis.publish(functions, ["4"], to: channel, in: generation)
    #expect(next.positions.map(\.offset) == [4])
    state = try redis.state(functions, of: channel, in: generation)
    #expect(state.oldest == 4 && state.head == 4)
    _ = try redis.run([Array("DEL".utf8), functions.keys.meta(channel)])
    let page = try redis.read(functions, channel, from: 1, in: generation)
    #expect(page.state.head == 0 && page.state.epoch != state.epoch && page.events.isEmpty)
    // Published into after the head was lost, and before anybody looked.
    _ = try redis.publish(functions, ["1", "2"], to: channel, in: generation)
    _ = try redis.run([Array("DEL".utf8), functions.keys.meta(channel)])
    let anew = try redis.publish(functions, ["7"], to: channel, in: generation)
    #expect(anew.positions.map(\.offset) == [1])
    let read = try redis.read(functions, channel, from: 1, in: generation)
    #expect(read.events.map(\.data) == [Array("7".utf8)])
  }

  @Test(arguments: RedisKind.allCases)
  func aHoleHidesWhatLiesBeforeIt(kind: RedisKind) async throws {
    let redis = try await start(kind)
    let generation = try redis.join(functions).generation
    let data = (1...200).map(String.init)
    _ = try redis.publish(functions, data, to: channel, in: generation)
    func delete(_ offset: Int) throws {
      _ = try redis.run([
        Array("XDEL".utf8), functions.keys.log(channel), Array("\(offset)-0".utf8),
      ])
    }
    try delete(100)
    var page = try redis.read(functions, channel, from: 1, in: generation)
    #expect(page.state.oldest == 101 && page.events.first?.position.offset == 101)
    #expect(page.events.count == 100)
    try delete(200)
    page = try redis.read(functions, channel, from: 1, in: generation)
    #expect(page.state == LogState(epoch: page.state.epoch, head: 200, oldest: 201))
    _ = try redis.publish(functions, ["x"], to: channel, in: generation)
    #expect(try redis.state(functions, of: channel, in: generation).oldest == 201)
  }

  /// Of 40 events past their time, 16 leave with each publish; none is shown any more.
  @Test(arguments: RedisKind.allCases)
  func atMostSixteenExpireWithAPublish(kind: RedisKind) async throws {
    let redis = try await start(kind)
    let generation = try redis.join(functions, ttl: .milliseconds(1_000)).generation
    _ = try redis.publish(
      functions, (1...40).map(String.init), to: channel, in: generation)
    #expect(try redis.state(functions, of: channel, in: generation).oldest == 1)
    try redis.wait(milliseconds: 1_020)
    #expect(try redis.state(functions, of: channel, in: generation).oldest == 41)
    for (published, left) in zip(41...44, [25, 10, 3, 4] as [Int64]) {
      _ = try redis.publish(functions, ["1"], to: channel, in: generation)
      let state = try redis.state(functions, of: channel, in: generation)
      #expect(state.oldest >= 41 && state.head == UInt64(published))
      let length = try redis.run([Array("XLEN".utf8), functions.keys.log(channel)])
      // On a slow machine those published here expire, too.
      #expect(length == .integer(left) || state.oldest > 41)
    }
  }

  @Test(arguments: RedisKind.allCases)
  func headAndEventsOutliveTheirUseForTheirTime(kind: RedisKind) async throws {
    let redis = try await start(kind)
    let generation = try redis.join(functions, metaTTL: .milliseconds(1_500)).generation
    let before = try redis.publish(functions, ["1"], to: channel, in: generation)
    for _ in 0..<5 {
      // Each look renews it.
      try redis.wait(milliseconds: 400)
      #expect(try redis.state(functions, of: channel, in: generation).head == 1)
    }
    try redis.wait(milliseconds: 1_600)
    let after = try redis.state(functions, of: channel, in: generation)
    #expect(after.head == 0 && after.epoch != before.positions[0].epoch)
  }

  @Test(arguments: RedisKind.allCases)
  func whatBreaksARuleIsInvalid(kind: RedisKind) async throws {
    let redis = try await start(kind)
    _ = try redis.join(functions)
    let log = "fanfare:log:a"
    let long = String(repeating: "a", count: 256)
    for words in [
      ["fanfare_publish", "2", "fanfare:hub", log, "gen00", "", ""],
      ["fanfare_publish", "2", "fanfare:hub", log, "gen00", "", "", "t"],
      ["fanfare_publish", "2", "fanfare:hub", log, "gen00", "", "", "open", "1"],
      ["fanfare_publish", "2", "fanfare:hub", log, "gen00", "", "", "fanfare.x", "1"],
      ["fanfare_publish", "2", "fanfare:hub", log, "gen00", "", "", "t", "1", "a b", "1"],
      ["fanfare_publish", "2", "fanfare:hub", "fanfare:log:", "gen00", "", "", "t", "1"],
      ["fanfare_publish", "2", "fanfare:hub", "fanfare:log:..", "gen00", "", "", "t", "1"],
      ["fanfare_publish", "2", "fanfare:hub", "fanfare:log:a b", "gen00", "", "", "t", "1"],
      ["fanfare_publish", "2", "fanfare:hub", "fanfare:log:" + long, "gen00", "", "", "t", "1"],
      ["fanfare_publish", "2", "fanfare:hub", "other:log:a", "gen00", "", "", "t", "1"],
      ["fanfare_publish", "2", "fanfare:nub", log, "gen00", "", "", "t", "1"],
      ["fanfare_publish", "2", "fanfare:hub", "fanfare:log:job:1", "", "", "", "t", "1"],
      ["fanfare_publish", "2", "fanfare:hub", "fanfare:log:fanfare", "", "", "", "t", "1"],
      ["fanfare_publish", "1", "fanfare:hub", "gen00", "", "", "t", "1"],
      ["fanfare_state", "2", "fanfare:hub", "fanfare:log:a b", "gen00"],
      ["fanfare_state", "2", "fanfare:hub", log, "gen00", "more"],
      ["fanfare_read", "2", "fanfare:hub", log, "gen00", "x", "1", "1"],
      ["fanfare_read", "2", "fanfare:hub", log, "gen00", "1", "1"],
      ["fanfare_join", "1", "fanfare:hub", "short", "r", "2", "streams"],
      ["fanfare_join", "1", "fanfare:hub", "GEN00", "r", "0", "streams"],
      ["fanfare_join", "1", "fanfare:hub", "gen00", "r", "0", "files"],
      ["fanfare_join", "1", "fanfare:hub", "gen00", "r", "0", "streams", "*", "1 2 3"],
      ["fanfare_join", "1", "fanfare:hub", "gen00", "r", "0", "streams", "*", "1 2 3 -4"],
      ["fanfare_raise", "1", "fanfare:hub", "gen00", "nope", "r"],
      ["fanfare_beat", "2", "fanfare:hub", "fanfare:nodes", "", "5", "x"],
      ["fanfare_beat", "2", "fanfare:hub", "fanfare:knots", "a", "5", "x"],
      ["fanfare_beat", "2", "fanfare:hub", "fanfare:nodes", "a", "-5", "x"],
    ] {
      let reply = try redis.run((["FCALL"] + words).map { Array($0.utf8) })
      #expect(reply.text?.hasPrefix("INVALID ") == true, "\(words): \(reply)")
    }
    let thousand = (0..<1_001).flatMap { _ in ["t", "1"] }
    let words = ["FCALL", "fanfare_publish", "2", "fanfare:hub", log, "gen00", "", ""]
    #expect(
      try redis.run((words + thousand).map { Array($0.utf8) }).text?.hasPrefix("INVALID") == true)
    let state = try redis.state(functions, of: channel, in: try #require(Generation("gen00")))
    #expect(state.head == 0)
    // A thousand are not too many.
    let reply = try redis.run((words + thousand.dropLast(2)).map { Array($0.utf8) })
    #expect(reply.elements.first == .integer(1))
    #expect(reply.elements.dropFirst().first == .integer(1_000))
  }
}
