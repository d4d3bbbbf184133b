import FanfareActors
import FanfareBackplane
import FanfareRuntime
import FanfareTestKit

/// What the suites of the functions run over.
enum RedisKind: String, CaseIterable, Sendable {
  /// A real `redis-server`.
  case server
  /// The in-memory model, over its links.
  case model

  func start(seed: UInt64) async throws -> any RedisUnderTest {
    switch self {
    case .server: try RedisServerUnderTest(await RedisServer.start())
    case .model: try RedisModelUnderTest(seed: seed)
    }
  }
}

/// A Redis and one client of it that waits for each reply.
protocol RedisUnderTest: AnyObject {
  func run(_ command: [[UInt8]]) throws -> RedisValue
  /// Lets so much of its time pass.
  func wait(milliseconds: Int64) throws
  /// From now on ``nextMessage()`` gives what is published there.
  func subscribe(_ channel: [UInt8]) throws
  func nextMessage() throws -> (channel: [UInt8], payload: [UInt8])
}

extension RedisUnderTest {
  @discardableResult
  func run(_ words: String...) throws -> RedisValue {
    try run(words.map { Array($0.utf8) })
  }

  /// Milliseconds since 1970 by its clock.
  func time() throws -> Int64 {
    guard case .array(let parts) = try run("TIME"), parts.count == 2,
      let seconds = parts[0].text.flatMap({ Int64($0) }),
      let microseconds = parts[1].text.flatMap({ Int64($0) })
    else { throw ClientFailure.malformed("the time") }
    return seconds * 1000 + microseconds / 1000
  }

  func load(_ functions: RedisFunctions) throws {
    try RedisFunctions.loaded(run(functions.load()))
  }

  func join(
    _ functions: RedisFunctions, _ generation: String = "gen00", run name: String = "run",
    isDurable: Bool = false, mode: RedisMode = .streams, history: Int = 1_000,
    bytes: Int = Limits().historyBytesMax, ttl: Duration = .seconds(3600),
    metaTTL: Duration = .seconds(604_800)
  ) throws -> (generation: Generation, isRaised: Bool) {
    guard let candidate = Generation(generation) else {
      throw ClientFailure.malformed("a generation: \(generation)")
    }
    return try RedisFunctions.joined(
      run(
        functions.join(
          candidate: candidate, run: name, isDurable: isDurable, mode: mode,
          defaults: LogSettings(
            historyEventsMax: history, historyBytesMax: bytes, ttl: ttl, metaTTL: metaTTL))))
  }

  func publish(
    _ functions: RedisFunctions, _ data: [String], to channel: ChannelName,
    key: PublishKey? = nil, in generation: Generation
  ) throws -> Published {
    let drafts = data.map { Draft(type: .agentProgress, data: Array($0.utf8)) }
    let reply = try run(functions.publish(drafts, to: channel, key: key, in: generation))
    return try RedisFunctions.published(reply, count: data.count, in: channel)
  }

  func state(
    _ functions: RedisFunctions, of channel: ChannelName, in generation: Generation
  ) throws -> LogState {
    let reply = try run(functions.state(of: [channel], in: generation))
    return try RedisFunctions.states(reply, of: [channel])[0]
  }

  func read(
    _ functions: RedisFunctions, _ channel: ChannelName, from offset: UInt64,
    eventsMax: Int = 1_000, bytesMax: Int = .max, in generation: Generation
  ) throws -> HistoryPage {
    let reply = try run(
      functions.read(
        channel, from: offset, eventsMax: eventsMax, bytesMax: bytesMax, in: generation))
    return try RedisFunctions.page(
      reply, of: channel, now: MonotonicInstant(nanoseconds: 1))
  }
}
