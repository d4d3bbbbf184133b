import FanfareActors
import FanfareRuntime
import FanfareTestKit
import Testing

@testable import FanfareBackplane

/// What a node does when its Redis answers, and refuses or has lost a part.
@Suite struct RedisRefusalTests {
  @Test func aDeletedStreamIsToldAndGoesOn() async throws {
    let (server, node, channel) = try await FaultedChannel.followed()
    try await channel.publish(10)
    try await channel.caughtUp()
    try server.probe().run("DEL", "fanfare:log:project:1")
    let state = try await channel.state()
    #expect(state.head == 10 && state.oldest == 11)
    #expect(try await channel.publish(2).map(\.offset) == [11, 12])
    let record = try await channel.caughtUp()
    #expect(record.violations.isEmpty && record.restarts.isEmpty && record.missed == 0)
    try await node.stop()
  }

  /// The tail that a cut feed did not bring, and the log lost before it was read, is told.
  @Test func aTailThatIsLostIsTold() async throws {
    let (server, node, channel) = try await FaultedChannel.followed()
    try await channel.publish(4)
    try await channel.caughtUp()
    let probe = try server.probe()
    // In one step, so that no backfill comes between.
    try probe.run("MULTI")
    try probe.run("CLIENT", "KILL", "TYPE", "pubsub")
    for number in 5...7 {
      try probe.run(
        "FCALL", "fanfare_publish", "2", "fanfare:hub", "fanfare:log:project:1", "", "", "",
        "t", "\(number)")
    }
    try probe.run("DEL", "fanfare:log:project:1")
    let replies = try probe.run("EXEC").elements
    #expect(replies.count == 5, "\(replies)")
    #expect(
      await Deadline().holds { node.feed.record(channel.name)?.position.offset == 7 },
      "\(node.seen)")
    let record = try #require(node.feed.record(channel.name))
    #expect(record.violations.isEmpty && record.restarts.isEmpty)
    #expect(record.events.count == 4 && record.missed == 3)
    try await node.stop()
  }

  @Test func lostFunctionsAreLoadedAgain() async throws {
    let (server, node, channel) = try await FaultedChannel.followed()
    try await channel.publish(1)
    let probe = try server.probe()
    try probe.run("SCRIPT", "FLUSH")
    try await channel.publish(1)
    try probe.run("FUNCTION", "FLUSH")
    var results: Set<Bool> = []
    let works = await Deadline().holds {
      let result = await channel.tryPublish()
      if case .success = result { return true }
      results.insert(result == .failure(.unavailable))
      return false
    }
    #expect(works)
    #expect(results.isSubset(of: [true]), "nothing was stored, and that was told")
    let record = try await channel.caughtUp()
    #expect(record.violations.isEmpty && record.restarts.isEmpty && record.missed == 0)
    #expect(record.events.count == 3)
    let loads = node.seen.filter { if case .loaded = $0 { true } else { false } }
    #expect(loads.count == 2)
    try await node.stop()
  }

  @Test func withoutMemoryWhatIsThereIsStillRead() async throws {
    let (server, node, channel) = try await FaultedChannel.followed()
    try await channel.publish(5)
    let probe = try server.probe()
    try probe.run("CONFIG", "SET", "maxmemory", "1")
    #expect(await channel.tryPublish() == .failure(.unavailable))
    let isToldWhy = node.seen.contains {
      if case .refused(let text) = $0 { text.hasPrefix("OOM") } else { false }
    }
    #expect(isToldWhy)
    #expect(await Deadline().holds { node.feed.healths.last == .unproven })
    #expect(try await channel.state().head == 5)
    let side = try node.side(of: channel.name)
    let page = try await side.read(channel.name, from: 1, eventsMax: 100, bytesMax: .max)
    #expect(page.events.count == 5)
    try probe.run("CONFIG", "SET", "maxmemory", "0")
    #expect(await Deadline().holds { node.feed.isProven })
    try await channel.publish(1)
    #expect(try await channel.caughtUp().events.count == 6)
    try await node.stop()
  }

  @Test func aReplicaIsLeftUntilItIsAPrimary() async throws {
    let (server, node, channel) = try await FaultedChannel.followed()
    try await channel.publish(5)
    let probe = try server.probe()
    // Of nobody: it keeps its data, and takes no writes.
    try probe.run("REPLICAOF", "127.0.0.1", "1")
    #expect(await channel.tryPublish() == .failure(.unavailable))
    #expect(await Deadline().holds { node.seen.contains { $0.isLoss(of: .commands) } })
    #expect(await Deadline().holds { node.feed.healths.last == .unproven })
    try probe.run("REPLICAOF", "NO", "ONE")
    #expect(await Deadline().holds { node.feed.isProven })
    try await channel.publish(1)
    let record = try await channel.caughtUp()
    #expect(record.violations.isEmpty && record.missed == 0)
    #expect(record.events.count == 6)
    try await node.stop()
  }

  @Test func publishesInFlightAreBounded() async throws {
    let server = try await RedisServer.start()
    var limits = Limits()
    limits.backplanePublishesMax = 50
    let node = try await RedisNode.start(server.url, id: "one", limits: limits)
    let channel = try FaultedChannel("project:1", [node])
    server.pause()
    let side = try node.side(of: channel.name)
    let drafts = (0..<200).map { _ in [Draft(type: .agentProgress, data: [0x31])] }
    let results = await side.publishAll(drafts, to: channel.name)
    #expect(results.filter { $0 == .failure(.paced) }.count == 150)
    #expect(results.filter { $0 == .failure(.outcomeUnknown) }.count == 50)
    server.resume()
    try await node.stop()
  }

  @Test func everyPublishIsRefusedWhileRedisIsAway() async throws {
    let (server, node, channel) = try await FaultedChannel.followed()
    server.kill()
    #expect(await Deadline().holds { node.seen.contains { $0.isLoss(of: .commands) } })
    let side = try node.side(of: channel.name)
    let data = [UInt8](repeating: 0x31, count: 4_096)
    let batch = (0..<1_000).map { _ in [Draft(type: .agentProgress, data: data)] }
    _ = await side.publishAll(batch, to: channel.name)
    for _ in 0..<30 {
      let results = await side.publishAll(batch, to: channel.name)
      #expect(results.allSatisfy { $0 == .failure(.unavailable) })
    }
    try await node.stop()
  }

  @Test func nodesSeeWhoIsAlive() async throws {
    let server = try await RedisServer.start()
    let one = try await RedisNode.start(server.url, id: "one")
    let two = try await RedisNode.start(server.url, id: "two")
    let three = try await RedisNode.start(server.url, id: "three")
    let backplane = try one.backplane
    #expect(
      await Deadline().holds { await backplane.nodes().map(\.id) == ["one", "three", "two"] })
    #expect(await backplane.nodes().first?.description == Array("{\"id\":\"one\"}".utf8))
    await two.crash()
    #expect(await Deadline().holds { await backplane.nodes().map(\.id) == ["one", "three"] })
    // One that leaves in good order is gone with the next beat, long before its time is over.
    try await three.stop()
    #expect(await Deadline().holds { await backplane.nodes().map(\.id) == ["one"] })
    try await one.stop()
  }

  /// By the bytes of a node's settings, as a history in memory is.
  @Test func historyIsBoundedByBytes() async throws {
    let server = try await RedisServer.start()
    var limits = Limits()
    limits.historyBytesMax = 1_000
    let node = try await RedisNode.start(server.url, id: "one", limits: limits)
    let channel = try FaultedChannel("project:1", [node])
    try await channel.publish(20)
    // Each has two bytes and what an event costs beside them.
    #expect(1_000 / (2 + Event.overheadBytes) == 6)
    #expect(try await channel.state().oldest == 15)
    let large = Draft(type: .agentProgress, data: [UInt8](repeating: 0x31, count: 5_000))
    let side = try node.side(of: channel.name)
    _ = try await side.publish([large], to: channel.name).get()
    #expect(try await channel.state().oldest == 21)
    try await channel.publish(1)
    #expect(try await channel.state().oldest == 22)
    try await node.stop()
  }
}
