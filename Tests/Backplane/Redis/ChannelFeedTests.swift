import FanfareActors
import FanfareRuntime
import FanfareTestKit
import Testing

@testable import FanfareBackplane

/// The feed of one channel against a log in memory, through every fault that a feed can have.
@Suite struct ChannelFeedTests {
  @Test(arguments: [true, false])
  func deliversInOrderAndTellsEveryHole(isRetained: Bool) throws {
    let channel = try #require(ChannelName("project:1"))
    var counts: [String: Int] = [:]
    for seed in 1...600 as ClosedRange<UInt64> {
      var world = ChannelFeedWorld(seed: seed, isRetained: isRetained, channel: channel)
      for _ in 0..<4 {
        for _ in 0..<120 { world.step(faults: true) }
        world.settleDown()
        for _ in 0..<20 { world.step(faults: false) }
        world.settleDown()
      }
      #expect(world.violations.isEmpty, "seed \(seed): \(world.violations.prefix(3))")
      if !world.violations.isEmpty { break }
      counts.merge(world.counts, uniquingKeysWith: +)
    }
    // The worlds reached what they are to test.
    for name in ["delivered", "restarted", "missed", "back"] {
      #expect(counts[name, default: 0] > 20, "\(name): \(counts)")
    }
  }

  /// A log that lost everything: what came by the feed meanwhile is not told missing.
  @Test func whatTheFeedBroughtIsDeliveredThoughTheLogLostIt() throws {
    let channel = try #require(ChannelName("project:1"))
    var random = SeededGenerator(seed: 1)
    let epoch = Epoch(newFor: channel, random: &random)
    var feed = ChannelFeed(isRetained: true)
    _ = feed.subscribed()
    _ = feed.answered(LogState(epoch: epoch, head: 5, oldest: 1), round: 1)
    feed.lost()
    _ = feed.subscribed()
    for offset in [8, 9] as [UInt64] {
      let event = Event(
        channel: channel, position: Position(offset: offset, epoch: epoch), type: .agentProgress,
        data: [0x31], timeMilliseconds: 0, acceptedAt: MonotonicInstant(nanoseconds: 0))
      _ = feed.received([event], hasRoom: true)
    }
    let gone = LogState(epoch: epoch, head: 9, oldest: 10)
    _ = feed.answered(gone, round: 3)
    let steps = feed.answered(HistoryPage(state: gone, events: []), round: 4)
    var told: [String] = []
    for step in steps {
      switch step {
      case .skipped(let offset): told.append("skipped \(offset)")
      case .deliver(let events): told += events.map { "\($0.position.offset)" }
      case .askState, .askPage, .followed, .restarted, .wentBack, .wait: told.append("\(step)")
      }
    }
    #expect(told == ["skipped 7", "8", "9"])
    #expect(feed.isLive)
  }

  @Test func whatIsKeptIsBounded() throws {
    let channel = try #require(ChannelName("project:1"))
    var random = SeededGenerator(seed: 1)
    let epoch = Epoch(newFor: channel, random: &random)
    var feed = ChannelFeed(isRetained: true)
    #expect(feed.subscribed().count == 1)
    for offset in 1...5_000 as ClosedRange<UInt64> {
      let event = Event(
        channel: channel, position: Position(offset: offset, epoch: epoch), type: .agentProgress,
        data: Array(repeating: 0x31, count: 6_000), timeMilliseconds: 0,
        acceptedAt: MonotonicInstant(nanoseconds: 0))
      #expect(feed.received([event], hasRoom: true).isEmpty)
    }
    #expect(feed.keptBytes <= KeptEvents.bytesMax)
    #expect(feed.keptBytes > 0)
    // What did not fit is fetched.
    let steps = feed.answered(LogState(epoch: epoch, head: 0, oldest: 1), round: 1)
    #expect(steps.contains { if case .askPage = $0 { true } else { false } })
  }
}
