import FanfareRuntime
import FanfareServer
import FanfareTestKit

/// Servers of this process that are one hub over a real Redis.
struct ClusterUnderTest: Sendable {
  static let path = "/channels/c/events"
  /// A Redis that loses nothing that it has acknowledged.
  static let durable = ["--appendonly", "yes", "--appendfsync", "always"]

  let redis: RedisServer
  let nodes: [ServerUnderTest]

  /// Runs `body` with nodes that are ready, and that are stopped afterwards, whatever happened.
  ///
  /// - Parameter options: of redis-server.
  static func run(
    _ count: Int = 2, redis options: [String] = [],
    _ change: @escaping (inout Settings) -> Void = { _ in },
    _ body: (ClusterUnderTest) async throws -> Void
  ) async throws {
    try await ServerUnderTest.onThread {
      let redis = try await RedisServer.start(options)
      var nodes: [ServerUnderTest] = []
      let result: Result<Void, any Error>
      do {
        for _ in 0..<count { nodes.append(try await start(over: redis, change)) }
        let cluster = ClusterUnderTest(redis: redis, nodes: nodes)
        try await cluster.becomes(ready: true)
        try await body(cluster)
        result = .success(())
      } catch {
        result = .failure(error)
      }
      for node in nodes { await node.stop() }
      try result.get()
    }
  }

  /// A node that need not be ready yet.
  static func start(
    over redis: RedisServer, _ change: (inout Settings) -> Void = { _ in }
  ) async throws -> ServerUnderTest {
    try await ServerUnderTest.start { settings in
      settings.backplane = .redis
      settings.redis.url = redis.url
      settings.redis.answerTimeout = .seconds(1)
      change(&settings)
    }
  }

  /// Waits until every node says that it is ready, or that it is not.
  func becomes(ready: Bool) async throws {
    for node in nodes {
      let has = try await Deadline(.seconds(30)).holds {
        try node.ask("GET", "/readyz").status == (ready ? 200 : 503)
      }
      guard has else { throw ClientFailure.timedOut("ready \(ready): \(node.log.lines)") }
    }
  }

  /// Publishes these numbers one after another, each on the next node.
  func publish(_ numbers: ClosedRange<Int>) throws {
    for number in numbers {
      let answer = try nodes[number % nodes.count].connect().publish(Self.path, "t", "\(number)")
      guard answer.status == 201 else { throw ClientFailure.malformed(answer.text) }
    }
  }

  /// Publishes these numbers as lines of one request.
  func publish(lines numbers: ClosedRange<Int>, on index: Int = 0) throws {
    let answer = try nodes[index].connect().publish(
      lines: numbers.map { #"{"type":"t","data":\#($0)}"# }, Self.path)
    guard answer.status == 200 else { throw ClientFailure.malformed(answer.text) }
  }

  /// The texts of these numbers, as events carry them.
  static func texts(_ numbers: ClosedRange<Int>) -> [String] { numbers.map { "\($0)" } }
}
