import FanfareRuntime
import FanfareServer
import FanfareTestKit
import Testing

/// Redis is there and cannot do all that it should: it loads, throws feeds out, evicts.
@Suite(.serialized) struct RedisStrainTests {
  private static let path = ClusterUnderTest.path
  private static let filling = String(repeating: "x", count: 60_000)

  /// Reads until the event at this offset, and holds what comes against the promise.
  private static func read(
    _ stream: TestEventStream, into audit: inout StreamAudit, until offset: Int
  ) throws {
    while true {
      let block = try stream.block()
      guard block.event != "fanfare.degraded", block.event != "fanfare.restored" else { continue }
      try audit.read(block)
      if block.isEvent, block.id?.offset == offset { return }
    }
  }

  /// Publishes large events one after another, each on the next node, and each until it is taken.
  private static func publishFilled(
    _ numbers: ClosedRange<Int>, _ cluster: ClusterUnderTest
  ) async throws {
    for number in numbers {
      let node = cluster.nodes[number % cluster.nodes.count]
      let isTaken = try await Deadline().holds {
        try node.connect().publish(path, "t", "\"\(number) \(filling)\"").status == 201
      }
      try #require(isTaken)
    }
  }

  private static func logs(_ node: ServerUnderTest, _ words: String...) -> Bool {
    node.log.lines.contains { line in words.allSatisfy { line.contains($0) } }
  }

  @Test func aRedisThatLoadsIsAwayUntilItHas() async throws {
    let options = ClusterUnderTest.durable
    try await ClusterUnderTest.run(redis: options) { cluster in
      let streams = try cluster.nodes.map { try $0.stream(Self.path) }
      var audits = try streams.map { StreamAudit(try $0.attached()) }
      try cluster.publish(1...6)
      try cluster.redis.probe().run(
        "EVAL", "for i = 1, 40000 do redis.call('SET', 'k' .. i, i) end", "0",
        deadline: Deadline(.seconds(60)))
      cluster.redis.kill()
      try await cluster.redis.restart(options + ["--key-load-delay", "200"], answering: false)
      for node in cluster.nodes {
        #expect(await Deadline().holds { Self.logs(node, "redis is away", "reason=LOADING") })
        let answer = try node.connect().publish(Self.path, "t", "0")
        #expect(answer.status == 503 && answer["retry-after"] != nil)
        #expect(try answer.problem.type.hasSuffix("not-published"))
      }
      try await cluster.becomes(ready: false)
      try await cluster.becomes(ready: true)
      try cluster.publish(7...9)
      for index in streams.indices {
        try Self.read(streams[index], into: &audits[index], until: 9)
        #expect(audits[index].faults.isEmpty, "\(audits[index].faults)")
        #expect(audits[index].seen["c"] == Array(1...9) && audits[index].missed == 0)
        let metrics = try cluster.nodes[index].metrics()
        #expect(metrics["fanfare_redis_connections_lost_total"] ?? 0 >= 2)
        #expect(metrics["fanfare_backplane_up"] == 1)
      }
    }
  }

  /// Redis ends the connection of a feed that does not take what it is sent.
  @Test(arguments: [true, false])
  func anOverrunFeedLosesNothingInSilence(hasLog: Bool) async throws {
    let change: (inout Settings) -> Void = { if !hasLog { $0.redis.mode = .pubsub } }
    try await ClusterUnderTest.run(2, change) { cluster in
      let streams = try cluster.nodes.map { try $0.stream(Self.path) }
      var audits = try streams.map { StreamAudit(try $0.attached()) }
      try cluster.publish(1...2)
      let probe = try cluster.redis.probe()
      let limit = "client-output-buffer-limit"
      try probe.run("CONFIG", "SET", limit, "pubsub 1024 1024 1")
      try await Self.publishFilled(3...5, cluster)
      for node in cluster.nodes {
        let isOut = try await Deadline().holds {
          try node.metrics()["fanfare_redis_connections_lost_total"] ?? 0 >= 1
        }
        #expect(isOut)
      }
      try probe.run("CONFIG", "SET", limit, "pubsub 32mb 8mb 60")
      // All of a node's channels are subscribed to in one command.
      let areFed = try await Deadline().holds {
        guard case .bytes(let list) = try probe.run("CLIENT", "LIST", "TYPE", "pubsub") else {
          return false
        }
        return list.count { $0 == UInt8(ascii: "\n") } == cluster.nodes.count
      }
      #expect(areFed)
      try cluster.publish(6...7)
      for (index, node) in cluster.nodes.enumerated() {
        try Self.read(streams[index], into: &audits[index], until: 7)
        let audit = audits[index]
        #expect(audit.faults.isEmpty, "\(audit.faults)")
        let seen = audit.seen["c"] ?? []
        #expect(seen.suffix(2) == [6, 7] && seen.count + audit.missed == 7, "\(seen)")
        let metrics = try node.metrics()
        #expect(Self.logs(node, "redis is away", "link=feed"))
        if hasLog {
          #expect(audit.missed == 0)
          #expect(metrics["fanfare_redis_backfilled_total"] ?? 0 > 0)
          #expect(Self.logs(node, "backfilled", "channel=c"))
        } else {
          #expect(audit.missed > 0)
          #expect(metrics["fanfare_redis_missed_total"] == Double(audit.missed))
          #expect(metrics.sum("fanfare_events_dropped_total") == Double(audit.missed))
          #expect(Self.logs(node, "events are lost to this node", "channel=c"))
        }
      }
    }
  }

  private static func exists(_ key: String, _ probe: RedisProbe) throws -> Bool {
    try probe.run("EXISTS", key) == .integer(1)
  }

  private static func usedMemory(_ probe: RedisProbe) throws -> Int {
    guard case .bytes(let info) = try probe.run("INFO", "memory") else { return 0 }
    let line = String(decoding: info, as: UTF8.self).split(separator: "\r\n")
      .first { $0.hasPrefix("used_memory:") }
    return line.flatMap { Int($0.dropFirst(12)) } ?? 0
  }

  /// Fills Redis until it evicts the log of `c`, which is large and which nobody has used for
  /// longest, and the log's head too, or not.
  private static func evict(_ cluster: ClusterUnderTest, keepsHead: Bool) async throws {
    let probe = try cluster.redis.probe()
    let (log, meta) = ("fanfare:log:c", "fanfare:meta:c")
    func touch() throws { if keepsHead { try probe.run("HGET", meta, "head") } }
    // Longer than the keys by which the nodes live.
    let isIdle = try await Deadline(.seconds(60)).holds {
      guard case .integer(let seconds) = try probe.run("OBJECT", "IDLETIME", log) else {
        return false
      }
      return seconds >= 7
    }
    try #require(isIdle)
    try touch()
    try probe.run("CONFIG", "SET", "maxmemory-samples", "64")
    try probe.run("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    try probe.run("CONFIG", "SET", "maxmemory", "\(try usedMemory(probe) + 300_000)")
    let client = try cluster.nodes[0].connect()
    var number = 0
    while try exists(log, probe) || !keepsHead && exists(meta, probe), number < 300 {
      number += 1
      _ = try client.publish("/channels/x\(number)/events", "t", "\"\(filling)\"")
      try touch()
    }
    #expect(try !exists(log, probe) && exists(meta, probe) == keepsHead)
    try probe.run("CONFIG", "SET", "maxmemory", "0")
  }

  /// The log is gone and its head is not: the attached go on, who comes back is told a gap.
  @Test func anEvictedLogIsAGapForWhoComesBack() async throws {
    try await ClusterUnderTest.run { cluster in
      let streams = try cluster.nodes.map { try $0.stream(Self.path) }
      var audits = try streams.map { StreamAudit(try $0.attached()) }
      try await Self.publishFilled(1...6, cluster)
      for index in streams.indices {
        try Self.read(streams[index], into: &audits[index], until: 6)
      }
      let cursor = try #require(audits[0].places["c"])
      try await Self.evict(cluster, keepsHead: true)
      // A node that comes now has nothing of its own.
      let late = try await ClusterUnderTest.start(over: cluster.redis)
      let isReady = try await Deadline().holds { try late.ask("GET", "/readyz").status == 200 }
      #expect(isReady)
      let back = try late.stream(Self.path, ["Last-Event-ID: 3.\(cursor.epoch)"])
      let verdict = try back.attached().channels[0]
      #expect(verdict.verdict == "gap" && verdict.missed == 3)
      #expect(try late.metrics().sum("fanfare_events_missed_on_attach_total") == 3)
      try cluster.publish(7...8)
      #expect(try back.events(2).compactMap(\.id?.offset) == [7, 8])
      for index in streams.indices {
        try Self.read(streams[index], into: &audits[index], until: 8)
        #expect(audits[index].faults.isEmpty, "\(audits[index].faults)")
        #expect(audits[index].seen["c"] == Array(1...8) && audits[index].missed == 0)
      }
      await late.stop()
    }
  }

  /// The head is gone, too: nobody can say what is missing.
  @Test func anEvictedHeadIsAReset() async throws {
    try await ClusterUnderTest.run { cluster in
      let streams = try cluster.nodes.map { try $0.stream(Self.path) }
      for stream in streams { _ = try stream.attached() }
      try await Self.publishFilled(1...6, cluster)
      for stream in streams { #expect(try stream.events(6).count == 6) }
      let cursor = try #require(streams[0].cursor)
      try await Self.evict(cluster, keepsHead: false)
      // The hub may have been evicted, too.
      try await Self.publishFilled(7...8, cluster)
      for (node, stream) in zip(cluster.nodes, streams) {
        let told = try stream.block { $0.event == "fanfare.attached" }
        #expect(try told.json(AttachedBody.self).channels[0].verdict == "reset")
        let events = try (0..<2).map { _ in try stream.block { $0.isEvent } }
        #expect(events.compactMap { $0.data?.prefix(3) } == ["\"7 ", "\"8 "])
        #expect(try node.metrics()["fanfare_redis_restarts_total"] ?? 0 >= 1)
        #expect(Self.logs(node, "a log began anew", "channel=c"))
        let back = try node.stream(Self.path, ["Last-Event-ID: \(cursor)"])
        #expect(try back.attached().channels[0].verdict == "reset")
      }
    }
  }
}
