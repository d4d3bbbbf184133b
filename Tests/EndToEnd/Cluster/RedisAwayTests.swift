import FanfareRuntime
import FanfareServer
import FanfareTestKit
import Testing

/// Redis is gone, and comes back.
@Suite(.serialized) struct RedisAwayTests {
  private static let path = ClusterUnderTest.path

  @Test func everybodyIsToldAndNothingIsLost() async throws {
    try await ClusterUnderTest.run(redis: ClusterUnderTest.durable) { cluster in
      let streams = try cluster.nodes.map { try $0.stream(Self.path) }
      for stream in streams { _ = try stream.attached() }
      let socket = try cluster.nodes[1].webSocket("/ws?channels=c")
      _ = try socket.message()
      try cluster.publish(1...6)
      for stream in streams { #expect(try stream.events(6).count == 6) }
      #expect(try socket.events(6).count == 6)

      cluster.redis.kill()
      try await cluster.becomes(ready: false)
      for (node, stream) in zip(cluster.nodes, streams) {
        #expect(try stream.block { !$0.isComment }.event == "fanfare.degraded")
        #expect(try node.metrics()["fanfare_backplane_up"] == 0)
        #expect(try node.metrics()["fanfare_redis_connections_lost_total"] ?? 0 >= 2)
        let readiness = try node.ask("GET", "/readyz")
        #expect(readiness["retry-after"] != nil)
        #expect(try readiness.problem.type.hasSuffix("backplane-unproven"))
        try Self.refuses(node)
      }
      #expect(try socket.message().op == "degraded")
      let refused = try socket.ask(
        #"{"op":"publish","id":1,"channel":"c","type":"t","data":1}"#, id: 1)
      #expect(refused.status == 503 && refused.text.contains("/problems/not-published"))

      // Who comes now is held, and sent away when that has taken too long.
      let began = ContinuousClock.now
      let held = try cluster.nodes[0].stream(Self.path)
      let bye = try held.block { $0.event != nil }
      #expect(bye.event == "fanfare.bye")
      #expect(try bye.json(ByeBody.self).retry ?? 0 >= 1_000)
      #expect(try held.next() == nil)
      #expect((4.0...10.0).contains((ContinuousClock.now - began) / .seconds(1)))

      try await cluster.redis.restart()
      try await cluster.becomes(ready: true)
      for stream in streams {
        #expect(try stream.block { !$0.isComment }.event == "fanfare.restored")
      }
      #expect(try socket.message().op == "restored")
      try cluster.publish(7...10)
      for (node, stream) in zip(cluster.nodes, streams) {
        #expect(try stream.events(4).compactMap(\.id?.offset) == [7, 8, 9, 10])
        #expect(try node.metrics()["fanfare_backplane_up"] == 1)
        let all = try node.read(Self.path + "?after=oldest")
        #expect(all.positions.map(\.offset) == Array(1...10))
      }
      #expect(try socket.events(4).compactMap(\.position?.offset) == [7, 8, 9, 10])
    }
  }

  private static func refuses(_ node: ServerUnderTest) throws {
    let began = ContinuousClock.now
    let answer = try node.connect().publish(path, "t", "0")
    #expect(answer.status == 503 && answer["retry-after"] != nil)
    #expect(try answer.problem.type.hasSuffix("not-published"))
    #expect(ContinuousClock.now - began < .seconds(2), "refused at once")
  }

  @Test func whatIsHereIsStillServed() async throws {
    try await ClusterUnderTest.run { cluster in
      let node = cluster.nodes[0]
      let slow = try node.stream(Self.path, receiveBufferBytes: 4_096)
      _ = try slow.attached()
      let quick = try node.stream(Self.path)
      _ = try quick.attached()
      let filling = String(repeating: "x", count: 3_000)
      let lines = (1...200).map { #"{"type":"t","data":"\#($0) \#(filling)"}"# }
      let answer = try cluster.nodes[1].connect().publish(lines: lines, Self.path)
      #expect(answer.status == 200)
      #expect(try quick.events(200).count == 200)
      cluster.redis.kill()
      try await cluster.becomes(ready: false)
      var offsets: [Int?] = []
      while offsets.count < 200 {
        let block = try slow.block()
        if block.isEvent { offsets.append(block.id?.offset) }
      }
      #expect(offsets == (1...200).map { $0 })
    }
  }

  @Test func whatWasUnderWayIsUnknown() async throws {
    try await ClusterUnderTest.run(redis: ClusterUnderTest.durable) { cluster in
      let stream = try cluster.nodes[1].stream(Self.path)
      _ = try stream.attached()
      cluster.redis.pause()
      let key = ["Idempotency-Key: k-1"]
      let answer = try cluster.nodes[0].connect().publish(Self.path, "t", "1", key)
      #expect(answer.status == 503 && answer["retry-after"] != nil)
      #expect(try answer.problem.type.hasSuffix("outcome-unknown"))
      try await cluster.becomes(ready: false)
      cluster.redis.resume()
      try await cluster.becomes(ready: true)
      // The same key on another node makes it exactly one.
      let again = try cluster.nodes[1].connect().publish(Self.path, "t", "1", key)
      #expect(again.status == 201)
      #expect(try again.json(PublishedBody.self).position?.offset == 1)
      try cluster.publish(2...3)
      let told = try (0..<5).map { _ in try stream.block { !$0.isComment && !$0.isCursor } }
      let events = told.filter(\.isEvent)
      #expect(events.map(\.data) == ClusterUnderTest.texts(1...3))
      #expect(events.compactMap(\.id?.offset) == [1, 2, 3])
      let others = told.filter { !$0.isEvent }.compactMap(\.event)
      #expect(others == ["fanfare.degraded", "fanfare.restored"])
    }
  }

  @Test func anEmptyRedisIsToldInBand() async throws {
    try await ClusterUnderTest.run { cluster in
      let streams = try cluster.nodes.map { try $0.stream(Self.path) }
      for stream in streams { _ = try stream.attached() }
      let socket = try cluster.nodes[1].webSocket("/ws?channels=c")
      _ = try socket.message()
      try cluster.publish(1...5)
      for stream in streams { #expect(try stream.events(5).count == 5) }
      #expect(try socket.events(5).count == 5)
      let old = try #require(streams[0].cursor)
      cluster.redis.kill()
      try await cluster.redis.restart()
      for stream in streams {
        let told = try stream.block { $0.event == "fanfare.attached" }
        let verdict = try told.json(AttachedBody.self).channels[0]
        #expect(verdict.verdict == "reset" && verdict.position.offset == 0)
        #expect(try stream.block { $0.id != nil }.id == verdict.position)
      }
      let reset = try socket.message { $0.op == "attached" }
      #expect(reset.channels.map(\.verdict) == ["reset"])
      try await cluster.becomes(ready: true)
      try cluster.publish(6...7)
      for stream in streams {
        #expect(try stream.block { $0.isEvent }.data == "6")
        #expect(try stream.block { $0.isEvent }.id?.offset == 2)
      }
      for node in cluster.nodes {
        let late = try node.stream(Self.path, ["Last-Event-ID: \(old)"])
        #expect(try late.attached().channels[0].verdict == "reset")
        #expect(try node.metrics()["fanfare_redis_restarts_total"] == 1)
      }
    }
  }

  /// Nothing is kept for a Redis that is away: each publish is refused and forgotten.
  @Test func memoryIsBoundedMeanwhile() async throws {
    try await ClusterUnderTest.run(1) { cluster in
      let node = cluster.nodes[0]
      let stream = try node.stream(Self.path)
      _ = try stream.attached()
      cluster.redis.kill()
      try await cluster.becomes(ready: false)
      let filling = String(repeating: "x", count: 60_000)
      let client = try node.connect()
      func publish(_ times: Int) throws {
        for _ in 0..<times {
          #expect(try client.publish(Self.path, "t", "\"\(filling)\"").status == 503)
        }
      }
      try publish(100)
      let before = try #require(try node.metrics()["process_resident_memory_bytes"])
      // 42 MB, were they kept.
      try publish(700)
      let after = try #require(try node.metrics()["process_resident_memory_bytes"])
      #expect(after - before < 20e6, "\((after - before) / 1e6) MB more")
      #expect(try node.metrics()["fanfare_followers_behind"] == 0)
    }
  }
}
