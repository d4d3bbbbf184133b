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
      default: told.append("\(step)")
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

  // MARK: An older copy in the same life

  private let channel: ChannelName
  private let epoch: Epoch

  init() throws {
    channel = try #require(ChannelName("project:1"))
    var random = SeededGenerator(seed: 1)
    epoch = Epoch(newFor: channel, random: &random)
  }

  private func event(_ offset: UInt64, time: Int64) -> Event {
    Event(
      channel: channel, position: Position(offset: offset, epoch: epoch), type: .agentProgress,
      data: [0x31], timeMilliseconds: time, acceptedAt: MonotonicInstant(nanoseconds: 0))
  }

  private func log(_ head: UInt64) -> LogState { LogState(epoch: epoch, head: head, oldest: 1) }

  /// Followed at the head 5, and fed up to 10 at the time 100.
  private func liveFeed(isRetained: Bool = true) -> ChannelFeed {
    var feed = ChannelFeed(isRetained: isRetained)
    _ = feed.subscribed()
    _ = feed.answered(log(5), round: 1)
    for offset in 6...10 as ClosedRange<UInt64> {
      _ = feed.received([event(offset, time: 90 + Int64(offset))], hasRoom: true)
    }
    return feed
  }

  private func names(_ steps: [ChannelFeed.Step]) -> [String] {
    steps.map { step in
      switch step {
      case .askPage(let from, _): "page \(from)"
      case .check(let position): "check \(position.offset)"
      case .wentBack: "back"
      case .deliver(let events):
        "deliver " + events.map { "\($0.position.offset)" }.joined(separator: " ")
      default: "\(step)"
      }
    }
  }

  @Test(arguments: [true, false])
  func aNewerEventAtAnOldOffsetTellsThatTheLogWentBack(isRetained: Bool) {
    var feed = liveFeed(isRetained: isRetained)
    // What is brought twice is of its own time.
    #expect(names(feed.received([event(8, time: 98)], hasRoom: true)).isEmpty)
    #expect(names(feed.received([event(10, time: 100)], hasRoom: true)).isEmpty)
    #expect(feed.isLive)
    var other = feed
    #expect(names(feed.received([event(8, time: 101)], hasRoom: true)) == ["back"])
    // Also while it is being asked where the log stands.
    other.lost()
    _ = other.subscribed()
    #expect(names(other.received([event(7, time: 101)], hasRoom: true)) == ["back"])
  }

  @Test func whereNoTimeTellsTheLogIsAsked() {
    var feed = ChannelFeed(isRetained: true)
    _ = feed.subscribed()
    _ = feed.answered(log(5), round: 1)
    #expect(names(feed.received([event(4, time: 94)], hasRoom: true)) == ["check 5"])
    #expect(feed.isLive)
    #expect(names(feed.checked(log(4), before: Position(offset: 5, epoch: epoch))) == ["back"])
  }

  /// A log that went back while nobody listened and has grown past what was fed.
  @Test func aBackfillBeginsWithWhatIsKnown() {
    var feed = liveFeed()
    feed.lost()
    _ = feed.subscribed()
    var other = feed
    #expect(names(feed.answered(log(12), round: 3)) == ["page 10"])
    let events = [event(10, time: 100), event(11, time: 120), event(12, time: 130)]
    let page = HistoryPage(state: log(12), events: events)
    #expect(names(feed.answered(page, round: 4)) == ["deliver 11 12"])
    _ = other.answered(log(12), round: 3)
    let foreign = HistoryPage(state: log(12), events: [event(10, time: 110)] + events.dropFirst())
    #expect(names(other.answered(foreign, round: 4)) == ["back"])
  }

  /// What no log has is kept as long as the node has room.
  @Test func withoutALogOnlyTheNodesOwnBoundHolds() {
    var feed = liveFeed(isRetained: false)
    feed.lost()
    _ = feed.subscribed()
    for offset in 11...2_010 as ClosedRange<UInt64> {
      _ = feed.received([event(offset, time: 200)], hasRoom: true)
    }
    let steps = feed.answered(log(2_000), round: 3)
    #expect(steps.count == 2_000 && feed.fed?.offset == 2_010 && feed.isLive)
    feed.lost()
    _ = feed.subscribed()
    for offset in 2_011...2_020 as ClosedRange<UInt64> {
      _ = feed.received([event(offset, time: 300)], hasRoom: offset < 2_016)
    }
    // What was let go of is behind the next answer, and is told then.
    #expect(feed.answered(log(2_010), round: 5).count == 6)
    #expect(!feed.isLive)
  }
}
