import FanfareRuntime
import FanfareServer
import FanfareTestKit
import Testing

/// Redis stays, and what the nodes have of it does not.
@Suite(.serialized) struct RedisChangedTests {
  private static let path = ClusterUnderTest.path

  @Test func aFlushedRedisIsToldInBand() async throws {
    try await ClusterUnderTest.run { cluster in
      let streams = try cluster.nodes.map { try $0.stream(Self.path) }
      for stream in streams { _ = try stream.attached() }
      try cluster.publish(1...5)
      for stream in streams { #expect(try stream.events(5).count == 5) }
      // Nobody publishes: the nodes find out by themselves.
      try cluster.redis.probe().run("FLUSHALL")
      var positions: Set<String> = []
      for stream in streams {
        let told = try stream.block { $0.event == "fanfare.attached" }
        let verdict = try told.json(AttachedBody.self).channels[0]
        #expect(verdict.verdict == "reset")
        positions.insert(verdict.position)
      }
      #expect(positions.count == 1 && positions.first?.offset == 0)
      try cluster.publish(6...8)
      for stream in streams {
        #expect(try stream.events(3).compactMap(\.id?.offset) == [1, 2, 3])
      }
    }
  }

  /// How many connections have subscribed.
  private static func feeds(_ probe: RedisProbe) throws -> Int {
    guard case .bytes(let text) = try probe.run("CLIENT", "LIST", "TYPE", "pubsub") else {
      return 0
    }
    return text.count { $0 == UInt8(ascii: "\n") }
  }

  /// What is published while a feed is cut is read from the log before anything newer.
  @Test func aCutFeedIsNotNoticed() async throws {
    try await ClusterUnderTest.run { cluster in
      let streams = try cluster.nodes.map { try $0.stream(Self.path) }
      for stream in streams { _ = try stream.attached() }
      let probe = try cluster.redis.probe()
      for round in 0..<4 {
        let first = 10 * round + 1
        try cluster.publish(first...(first + 3))
        let areFed = try await Deadline().holds { try Self.feeds(probe) == 2 }
        #expect(areFed)
        try probe.run("CLIENT", "KILL", "TYPE", "pubsub")
        try cluster.publish((first + 4)...(first + 9))
      }
      for stream in streams {
        #expect(try stream.events(40).map(\.data) == ClusterUnderTest.texts(1...40))
      }
      let backfilled = try cluster.nodes.map {
        try $0.metrics()["fanfare_redis_backfilled_total"] ?? 0
      }
      #expect(backfilled.allSatisfy { $0 > 0 }, "\(backfilled)")
    }
  }

  /// Without a log what a cut feed did not bring is lost, and is told.
  @Test func withoutALogAHoleIsAGap() async throws {
    let change: (inout Settings) -> Void = { $0.redis.mode = .pubsub }
    try await ClusterUnderTest.run(2, change) { cluster in
      let stream = try cluster.nodes[1].stream(Self.path)
      _ = try stream.attached()
      try cluster.publish(1...4)
      #expect(try stream.events(4).count == 4)
      let probe = try cluster.redis.probe()
      // In one step, so that nobody is back before it is over.
      try probe.run("MULTI")
      try probe.run("CLIENT", "KILL", "TYPE", "pubsub")
      for _ in 0..<3 {
        try probe.run(
          "FCALL", "fanfare_publish", "2", "fanfare:hub", "fanfare:log:c", "", "", "", "t", "0")
      }
      try probe.run("EXEC")
      let areFed = try await Deadline().holds { try Self.feeds(probe) == 2 }
      #expect(areFed)
      try cluster.publish(5...5)
      var missed = 0
      var last = SSEBlock?.none
      while last?.data != "5" {
        let block = try stream.block { !$0.isComment && !$0.isCursor }
        if block.event == "fanfare.gap" {
          missed += try block.json(VerdictBody.self).missed ?? 0
        }
        last = block
      }
      #expect(missed == 3 && last?.id?.offset == 8)
      #expect(try cluster.nodes[1].metrics()["fanfare_redis_missed_total"] == 3)
      // There is no history.
      let late = try cluster.nodes[0].stream(Self.path, ["Last-Event-ID: \(last?.id ?? "")"])
      #expect(try late.attached().channels[0].verdict == "resumed")
      let read = try cluster.nodes[0].read(Self.path + "?after=oldest")
      #expect(read.cursor.offset == 8, "\(read)")
    }
  }

  @Test func aPausedRedisGoesOn() async throws {
    try await ClusterUnderTest.run(2, { $0.redis.answerTimeout = .seconds(30) }) { cluster in
      let streams = try cluster.nodes.map { try $0.stream(Self.path) }
      for stream in streams { _ = try stream.attached() }
      cluster.redis.pause()
      let publisher = try cluster.nodes[0].connect()
      try publisher.request(
        "POST", Self.path, ["Content-Type: application/json"], body: #"{"type":"t","data":1}"#)
      try await cluster.becomes(ready: false)
      for stream in streams {
        #expect(try stream.block { !$0.isComment }.event == "fanfare.degraded")
      }
      cluster.redis.resume()
      #expect(try publisher.answer().status == 201, "slow, but stored")
      try await cluster.becomes(ready: true)
      for (node, stream) in zip(cluster.nodes, streams) {
        let told = try (0..<2).map { _ in try stream.block { !$0.isComment && !$0.isCursor } }
        #expect(told.first { $0.isEvent }?.id?.offset == 1)
        #expect(told.contains { $0.event == "fanfare.restored" })
        #expect(try node.metrics()["fanfare_redis_connections_lost_total"] == 0)
      }
    }
  }
}
