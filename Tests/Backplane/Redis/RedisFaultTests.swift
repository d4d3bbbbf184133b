import FanfareActors
import FanfareRuntime
import FanfareTestKit
import Testing

@testable import FanfareBackplane

/// What a node does when its Redis goes away or changes underneath, with the real server.
@Suite struct RedisFaultTests {
  private static let durable = ["--appendonly", "yes", "--appendfsync", "always"]

  @Test func aDurableRestartContinues() async throws {
    let (server, node, channel) = try await FaultedChannel.followed(Self.durable, loops: 2)
    try await channel.publish(10)
    let epoch = try await channel.state().epoch

    server.kill()
    let isAway = await Deadline().holds { node.seen.contains { $0.isLoss(of: .commands) } }
    #expect(isAway)
    let start = ContinuousClock.now
    for _ in 0..<100 { #expect(await channel.tryPublish() == .failure(.unavailable)) }
    // Not at once on a machine that runs much else, but far sooner than any deadline.
    #expect(ContinuousClock.now - start < .seconds(20), "publishes while away fail at once")
    #expect(await Deadline().holds { node.feed.healths.last == .unproven })

    try await server.restart()
    #expect(await Deadline().holds { node.feed.isProven })
    try await channel.publish(10)
    let record = try await channel.caughtUp()
    #expect(record.restarts.isEmpty && record.missed == 0)
    #expect(record.events.count == 20)
    #expect(record.position.epoch == epoch)
    let isRaised = node.seen.contains { if case .joined(_, _, true) = $0 { true } else { false } }
    #expect(!isRaised, "\(node.seen)")
    try await node.stop()
  }

  /// What was acknowledged last may be lost: nobody is told that it continues.
  @Test func aRestartThatMayHaveLostItsTailBeginsAnew() async throws {
    let server = try await RedisServer.start([
      "--appendonly", "yes", "--appendfsync", "everysec",
    ])
    let node = try await RedisNode.start(server.url, id: "one")
    let other = try await RedisNode.start(server.url, id: "other", loops: 2)
    let channel = try FaultedChannel("project:1", [node, other])
    try await channel.follow()
    try await channel.publish(10)
    let epoch = try await channel.state().epoch
    server.kill()
    try await server.restart()
    #expect(await Deadline().holds { node.feed.isProven && channel.isRestarted })
    let position = try #require(try await channel.publish(1).last)
    #expect(position.epoch != epoch)
    for record in try await channel.allCaughtUp() {
      #expect(record.restarts.map(\.epoch) == [position.epoch], "\(record.restarts)")
      #expect(record.position == position)
      #expect(record.violations.isEmpty, "\(record.violations)")
    }
    let raises = (node.seen + other.seen).filter {
      if case .joined(_, _, true) = $0 { true } else { false }
    }
    #expect(raises.count == 1, "one node raises the generation, the others find it raised")
    try await node.stop()
    try await other.stop()
  }

  @Test func aRestartWithoutPersistenceBeginsAnew() async throws {
    let (server, node, channel) = try await FaultedChannel.followed()
    try await channel.publish(10)
    server.kill()
    try await server.restart()
    #expect(await Deadline().holds { node.feed.isProven && channel.isRestarted })
    #expect(try await channel.publish(1).map(\.offset) == [1])
    let record = try await channel.caughtUp()
    #expect(record.restarts.map(\.head) == [0])
    #expect(record.violations.isEmpty)
    try await node.stop()
  }

  @Test(arguments: [RedisMode.streams, .pubsub])
  func aCutFeedLosesNothingInSilence(mode: RedisMode) async throws {
    let server = try await RedisServer.start()
    let node = try await RedisNode.start(server.url, id: "one", mode: mode)
    let other = try await RedisNode.start(server.url, id: "other", mode: mode)
    let channel = try FaultedChannel("project:1", [node, other])
    try await channel.follow()
    let probe = try server.probe()
    for round in 0..<8 {
      for _ in 0..<20 { try await channel.publish(3, from: round % 2) }
      try probe.run("CLIENT", "KILL", "TYPE", "pubsub")
      // Some while nobody is subscribed; the last of them are followed by none.
      for _ in 0..<5 { try await channel.publish(2, from: round % 2) }
      let cuts = round + 1
      #expect(
        await Deadline().holds {
          node.seen.filter { $0.isLoss(of: .feed) }.count >= cuts
            && other.seen.filter { $0.isLoss(of: .feed) }.count >= cuts
        })
      for record in try await channel.allCaughtUp() {
        #expect(record.violations.isEmpty, "\(record.violations)")
        #expect(record.restarts.isEmpty)
        #expect(UInt64(record.events.count) + record.missed == record.position.offset)
        if mode == .streams { #expect(record.missed == 0) }
      }
    }
    if mode == .pubsub {
      let isTold = node.seen.contains { if case .missed = $0 { true } else { false } }
      #expect(isTold)
    }
    try await node.stop()
    try await other.stop()
  }

  @Test func commandsAreCutAndComeBack() async throws {
    let (server, node, channel) = try await FaultedChannel.followed()
    let probe = try server.probe()
    var unknown = 0
    for _ in 0..<6 {
      try probe.run("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
      let deadline = Deadline()
      while !deadline.hasPassed {
        let result = await channel.tryPublish()
        if result == .failure(.outcomeUnknown) { unknown += 1 }
        if case .success = result { break }
      }
    }
    let record = try await channel.caughtUp()
    #expect(record.violations.isEmpty && record.restarts.isEmpty && record.missed == 0)
    // Each was stored, or may have been.
    #expect(record.events.count >= 6 && record.events.count <= 6 + unknown)
    try await node.stop()
  }

  @Test func aPausedRedisIsUnprovenUntilItGoesOn() async throws {
    let (server, node, channel) = try await FaultedChannel.followed()
    try await channel.publish(5)
    server.pause()
    let start = ContinuousClock.now
    let result = await channel.tryPublish()
    #expect(result == .failure(.outcomeUnknown))
    #expect(ContinuousClock.now - start < .seconds(30))
    #expect(await Deadline().holds { node.feed.healths.last == .unproven })
    server.resume()
    #expect(await Deadline().holds { node.feed.isProven })
    try await channel.publish(5)
    let record = try await channel.caughtUp()
    #expect(record.violations.isEmpty && record.restarts.isEmpty && record.missed == 0)
    // The one whose outcome was unknown is there, or is not.
    #expect((10...11).contains(record.events.count))
    try await node.stop()
  }

  @Test func aFlushedRedisBeginsAnew() async throws {
    let (server, node, channel) = try await FaultedChannel.followed()
    try await channel.publish(10)
    let epoch = try await channel.state().epoch
    try server.probe().run("FLUSHALL")
    #expect(await Deadline().holds { channel.isRestarted })
    try await channel.publish(3)
    let record = try await channel.caughtUp()
    #expect(record.violations.isEmpty, "\(record.violations)")
    #expect(record.position.offset == 3 && record.position.epoch != epoch)
    try await node.stop()
  }

  /// A Redis that was given an older copy of one log: its head lies before what it has fed.
  @Test func aLogThatWentBackGetsANewLife() async throws {
    let (server, node, channel) = try await FaultedChannel.followed(Self.durable)
    try await channel.publish(10)
    try await channel.caughtUp()
    let epoch = try await channel.state().epoch
    let probe = try server.probe()
    try probe.run("XTRIM", "fanfare:log:project:1", "MAXLEN", "0")
    try probe.run("DEL", "fanfare:log:project:1")
    try probe.run("HSET", "fanfare:meta:project:1", "head", "6")
    try probe.run("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    #expect(await Deadline().holds { channel.isRestarted }, "\(node.seen)")
    let position = try #require(try await channel.publish(1).last)
    #expect(position.epoch != epoch && position.offset == 7)
    let record = try await channel.caughtUp()
    #expect(record.violations.isEmpty)
    try await node.stop()
  }

  /// An entry that no node can read is told missing, and the node goes on behind it.
  @Test func anEntryThatIsNoEventIsToldMissing() async throws {
    let (server, node, channel) = try await FaultedChannel.followed()
    try await channel.publish(5)
    try await channel.caughtUp()
    let probe = try server.probe()
    func write(_ offset: Int) throws {
      try probe.run("MULTI")
      try probe.run(
        "XADD", "fanfare:log:project:1", "\(offset)-0", "type", "open", "data", "1", "time", "5")
      try probe.run("HSET", "fanfare:meta:project:1", "head", "\(offset)")
      #expect(try probe.run("EXEC").elements.count == 2)
    }
    // Found by the rolling check, and by what is published behind it.
    try write(6)
    try await channel.caughtUp()
    try write(7)
    #expect(try await channel.publish(3).map(\.offset) == [8, 9, 10])
    let record = try await channel.caughtUp()
    #expect(record.violations.isEmpty && record.restarts.isEmpty)
    #expect(record.events.count == 8 && record.missed == 2)
    #expect(await Deadline().holds { node.feed.isProven })
    let missed = node.seen.compactMap {
      if case .missed(_, let events) = $0 { events } else { nil }
    }
    #expect(missed == [1, 1])
    #expect(!node.seen.contains { if case .malformed = $0 { true } else { false } })
    try await node.stop()
  }

  // MARK: An older copy under the same run and generation

  /// Puts all keys as they are now beside those in use; ``swap(_:)`` brings them back.
  private func copyAll(_ probe: RedisProbe) throws {
    for case .bytes(let key) in try probe.run("KEYS", "*").elements {
      let name = String(decoding: key, as: UTF8.self)
      #expect(try probe.run("COPY", name, name, "DB", "1") == .integer(1))
    }
  }

  private static func pace(probe: Duration) -> RedisPace {
    var pace = RedisPace.quick
    pace.check = .seconds(3_600)
    pace.probe = probe
    return pace
  }

  /// The first event that a followed channel has again tells.
  @Test(arguments: [RedisMode.streams, .pubsub])
  func anOlderCopyIsNoticedWithTheNextEvent(mode: RedisMode) async throws {
    let server = try await RedisServer.start()
    let node = try await RedisNode.start(
      server.url, id: "one", mode: mode, pace: Self.pace(probe: .seconds(3_600)))
    let channel = try FaultedChannel("project:1", [node])
    try await channel.follow()
    try await channel.publish(5)
    let probe = try server.probe()
    try copyAll(probe)
    try await channel.publish(5)
    let before = try await channel.caughtUp()
    #expect(before.events.count == 10)
    try probe.run("SWAPDB", "0", "1")
    #expect(try await channel.publish(2).map(\.offset) == [6, 7])
    #expect(await Deadline().holds { channel.isRestarted }, "\(node.seen)")
    let position = try #require(try await channel.publish(1).last)
    #expect(position.offset == 8 && position.epoch != before.position.epoch)
    let record = try await channel.caughtUp()
    #expect(record.violations.isEmpty, "\(record.violations)")
    #expect(node.seen.contains(.wentBack(channel.name)))
    try await node.stop()
  }

  /// Where nobody publishes the node's own probe tells, also when the copy is from before its time.
  @Test(arguments: [false, true])
  func anOlderCopyIsNoticedByTheProbe(isFromBefore: Bool) async throws {
    let server = try await RedisServer.start()
    let probe = try server.probe()
    let pace = Self.pace(probe: .milliseconds(400))
    let first = try await RedisNode.start(server.url, id: "first")
    let side = try FaultedChannel("project:1", [first])
    try await side.publish(5)
    if isFromBefore { try copyAll(probe) }
    try await first.stop()
    let node = try await RedisNode.start(server.url, id: "one", pace: pace)
    let channel = try FaultedChannel("project:1", [node])
    try await channel.follow()
    if !isFromBefore { try copyAll(probe) }
    try await channel.publish(5)
    let before = try await channel.caughtUp()
    let probes = node.seen.count { if case .probed = $0 { true } else { false } }
    let hasProbed = await Deadline().holds {
      node.seen.count { if case .probed = $0 { true } else { false } } > probes
    }
    #expect(hasProbed)
    try probe.run("SWAPDB", "0", "1")
    #expect(await Deadline().holds { channel.isRestarted }, "\(node.seen)")
    #expect(await Deadline().holds { node.feed.isProven })
    let position = try #require(try await channel.publish(1).last)
    #expect(position.offset == 6 && position.epoch != before.position.epoch)
    #expect(try await channel.caughtUp().violations.isEmpty)
    try await node.stop()
  }

  /// A copy from before all logs were given a new life: cursors of the old one stay worthless.
  @Test func aGenerationDoesNotComeBack() async throws {
    let server = try await RedisServer.start()
    let node = try await RedisNode.start(server.url, id: "one")
    let channel = try FaultedChannel("project:1", [node])
    try await channel.follow()
    let first = try #require(try await channel.publish(5).last)
    let generation = try #require(Generation(of: first.epoch))
    let probe = try server.probe()
    try copyAll(probe)
    try probe.run("FCALL", "fanfare_raise", "1", "fanfare:hub", generation.text, "zzzzz", "x")
    #expect(await Deadline().holds { channel.isRestarted })
    try probe.run("SWAPDB", "0", "1")
    let isRenewed = await Deadline().holds {
      node.feed.record(channel.name)?.restarts.count == 2 && node.feed.isProven
    }
    #expect(isRenewed, "\(node.seen)")
    let position = try #require(try await channel.publish(1).last)
    #expect(![generation, Generation("zzzzz")].contains(Generation(of: position.epoch)))
    #expect(try await channel.caughtUp().violations.isEmpty)
    try await node.stop()
  }
}
