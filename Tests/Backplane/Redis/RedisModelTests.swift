import FanfareActors
import FanfareRuntime
import FanfareTestKit
import Testing

@testable import FanfareBackplane

/// The faults of the in-memory Redis, seen through its links.
@Suite struct RedisModelTests {
  private let functions = RedisFunctions(keys: RedisKeys())
  private let channel: ChannelName

  init() throws {
    channel = try #require(ChannelName("project:42"))
  }

  private func start(seed: UInt64 = 9) throws -> (RedisModelUnderTest, Generation) {
    let redis = try RedisModelUnderTest(seed: seed)
    try redis.load(functions)
    return (redis, try redis.join(functions).generation)
  }

  private func publish(_ text: String, in generation: Generation) -> [[UInt8]] {
    functions.publish(
      [Draft(type: .agentError, data: Array(text.utf8))], to: channel, key: nil, in: generation)
  }

  @Test(arguments: 1...20 as ClosedRange<UInt64>)
  func repliesAndMessagesComeInOrder(seed: UInt64) throws {
    let (redis, generation) = try start(seed: seed)
    redis.model.faults.delayedOneIn = 2
    try redis.subscribe(functions.keys.feed(channel))
    var offsets: [RedisValue] = []
    for number in 1...30 {
      redis.send(publish("\(number)", in: generation)) { reply in
        offsets.append((try? reply.get())?.elements.first ?? .null)
      }
    }
    #expect(offsets.isEmpty, "answered within the call")
    try redis.until("replies") { offsets.count == 30 }
    #expect(offsets == (1...30).map { .integer($0) })
    for number in 1...30 as ClosedRange<UInt64> {
      let message = try FeedMessage(redis.nextMessage().payload, in: channel)
      #expect(message.first.offset == number)
    }
  }

  /// What was acknowledged is stored; of the rest, some is; and all replies fail, in order.
  @Test func aCutLeavesTheOutcomeUnknown() throws {
    var stored: Set<UInt64> = []
    for seed in 1...40 as ClosedRange<UInt64> {
      let (redis, generation) = try start(seed: seed)
      redis.model.faults.delayedOneIn = 2
      var replies: [(Int, Bool)] = []
      for number in 0..<8 {
        redis.send(publish("1", in: generation)) { reply in
          replies.append((number, (try? reply.get()) != nil))
        }
      }
      try redis.until("some replies") { replies.count >= 3 }
      redis.model.cut()
      try redis.until("all replies") { replies.count == 8 }
      #expect(replies.map(\.0) == Array(0..<8))
      let acknowledged = replies.count { $0.1 }
      #expect(replies.prefix(acknowledged).allSatisfy { $0.1 })
      try redis.until("both ends") { redis.ended.count == 2 }
      #expect(redis.model.linkCount == 0)
      redis.connect()
      try redis.until("both links") { redis.opened == 4 }
      let head = try redis.state(functions, of: channel, in: generation).head
      #expect(head >= UInt64(acknowledged) && head <= 8)
      stored.insert(head)
    }
    #expect(stored.count > 2, "every cut went the same way")
  }

  @Test func amnesiaGoesBackAndIsAnotherRun() throws {
    let (redis, generation) = try start()
    let first = try redis.publish(functions, ["1"], to: channel, in: generation)
    let run = try redis.run("INFO").text
    let snapshot = redis.model.snapshot()
    _ = try redis.publish(functions, ["2", "3"], to: channel, in: generation)
    redis.model.goDown()
    try redis.until("both ends") { redis.ended.count == 2 }
    redis.connect()
    try redis.until("both refusals") { redis.ended.count == 4 }
    #expect(redis.ended.last == RedisLost("refused"))
    redis.model.comeUp(with: snapshot)
    redis.connect()
    try redis.until("both links") { redis.opened == 4 }
    let state = try redis.state(functions, of: channel, in: generation)
    #expect(state == LogState(epoch: first.positions[0].epoch, head: 1, oldest: 1))
    #expect(try redis.run("INFO").text != run)
    redis.model.flush()
    #expect(throws: FunctionError.generation(nil)) {
      try redis.state(functions, of: channel, in: generation)
    }
  }

  @Test func aFrozenOneAnswersLateOrTheLinkTimesOut() throws {
    let (redis, generation) = try start()
    redis.model.freeze()
    var reply: RedisValue?
    redis.send(publish("1", in: generation)) { reply = try? $0.get() }
    try redis.wait(milliseconds: 1_000)
    #expect(reply == nil && redis.ended.isEmpty)
    redis.model.thaw()
    try redis.until("a reply") { reply != nil }
    redis.model.freeze()
    redis.send(publish("2", in: generation)) { _ in }
    try redis.until("the end") { !redis.ended.isEmpty }
    #expect(redis.ended == [RedisLost("timed out")])
  }

  @Test func messagesAreLostAndDoubledAsOften() throws {
    let (redis, generation) = try start()
    try redis.subscribe(functions.keys.feed(channel))
    redis.model.faults.lostPerThousand = 300
    for _ in 0..<300 {
      _ = try redis.publish(functions, ["1"], to: channel, in: generation)
    }
    try redis.wait(milliseconds: 100)
    #expect((150...270).contains(redis.waitingMessages))
    redis.model.faults = RedisModelFaults()
    redis.model.faults.doubledPerThousand = 300
    let before = redis.waitingMessages
    for _ in 0..<300 {
      _ = try redis.publish(functions, ["1"], to: channel, in: generation)
    }
    try redis.wait(milliseconds: 100)
    #expect((330...450).contains(redis.waitingMessages - before))
  }

  @Test func refusalsAreAnswered() throws {
    let (redis, generation) = try start()
    redis.model.faults.publishRefusal = "OOM command not allowed"
    #expect(throws: FunctionError.unwritable("OOM command not allowed")) {
      try redis.publish(functions, ["1"], to: channel, in: generation)
    }
    #expect(try redis.state(functions, of: channel, in: generation).head == 0)
    redis.model.faults.refusal = "LOADING Redis is loading"
    #expect(throws: FunctionError.unwritable("LOADING Redis is loading")) {
      try redis.state(functions, of: channel, in: generation)
    }
  }

  /// A day in a simulation costs nothing: keys of publishes are forgotten after two minutes.
  @Test func keysAreForgottenAfterTheirTime() throws {
    let (redis, generation) = try start()
    let key = PublishKey(name: Array("k".utf8), fingerprint: 1)
    let first = try redis.publish(functions, ["1"], to: channel, key: key, in: generation)
    try redis.wait(milliseconds: 119_000)
    let again = try redis.publish(functions, ["1"], to: channel, key: key, in: generation)
    #expect(again.isRepeated && again.positions == first.positions)
    try redis.wait(milliseconds: 2_000)
    let later = try redis.publish(functions, ["1"], to: channel, key: key, in: generation)
    #expect(!later.isRepeated && later.positions.map(\.offset) == [2])
  }

  /// Time within a channel stands still while the clock of Redis has gone back.
  @Test func timeNeverRunsBackwards() throws {
    let (redis, generation) = try start()
    let before = try redis.publish(functions, ["1"], to: channel, in: generation)
    redis.model.shiftClock(milliseconds: -60_000)
    let after = try redis.publish(functions, ["2"], to: channel, in: generation)
    #expect(after.timeMilliseconds == before.timeMilliseconds)
    redis.model.shiftClock(milliseconds: 120_000)
    let later = try redis.publish(functions, ["3"], to: channel, in: generation)
    #expect(later.timeMilliseconds > before.timeMilliseconds)
  }

  @Test func theSameSeedGivesTheSame() throws {
    func trace(_ seed: UInt64) throws -> [String] {
      let (redis, generation) = try start(seed: seed)
      var lines: [String] = []
      for number in 0..<50 {
        redis.send(publish("\(number)", in: generation)) { reply in
          lines.append("\(reply) \(redis.simulation.now)")
        }
      }
      try redis.until("replies") { lines.count == 50 }
      return lines
    }
    #expect(try trace(3) == trace(3))
    #expect(try trace(3) != trace(4))
  }
}
