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
