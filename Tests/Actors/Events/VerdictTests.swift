import FanfareRuntime
import FanfareTestKit
import Testing

@testable import FanfareActors

/// Verdicts against a log that is a plain list.
@Suite struct VerdictTests {
  @Test(arguments: 1...200 as ClosedRange<UInt64>)
  func nothingIsLostInSilence(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let channel = try #require(ChannelName("a"))
    let epoch = Epoch(newFor: channel, random: &random)
    let head = UInt64(random.below(30))
    let retained = UInt64(random.below(Int(head) + 1))
    let log = LogState(epoch: epoch, head: head, oldest: head + 1 - retained)
    let cursor = UInt64(random.below(40))
    let sameEpoch = random.below(4) > 0
    let start = StartPoint.after(
      Position(
        offset: cursor, epoch: sameEpoch ? epoch : Epoch(newFor: channel, random: &random)))

    let (verdict, next) = Verdict.judge(start, log)
    let given = Set(next..<(head + 1))
    let held = Set(log.oldest..<(head + 1))
    #expect(given.isSubset(of: held), "seed \(seed): it promises what is gone")
    switch verdict {
    case .live: Issue.record("seed \(seed): live for a cursor")
    case .resumed(let replayed):
      #expect(sameEpoch && cursor <= head, "seed \(seed)")
      #expect(given == Set((cursor + 1)..<(head + 1)), "seed \(seed): a hole")
      #expect(replayed == UInt64(given.count), "seed \(seed)")
    case .gap(let from, let to):
      #expect(sameEpoch && from == cursor + 1 && to + 1 == next, "seed \(seed)")
      #expect(Set(from...to).isDisjoint(with: held), "seed \(seed): told missing, yet held")
    case .reset:
      #expect(!sameEpoch || cursor > head, "seed \(seed): reset without a reason")
      #expect(given == held, "seed \(seed)")
    }
  }

  @Test func aStartWithoutACursor() throws {
    var random = SeededGenerator(seed: 1)
    let epoch = Epoch(newFor: try #require(ChannelName("a")), random: &random)
    let log = LogState(epoch: epoch, head: 10, oldest: 4)
    #expect(Verdict.judge(.live, log) == (.live, 11))
    #expect(Verdict.judge(.oldest, log) == (.resumed(replayed: 7), 4))
    #expect(Verdict.judge(.last(3), log) == (.resumed(replayed: 3), 8))
    #expect(Verdict.judge(.last(0), log) == (.resumed(replayed: 0), 11))
    #expect(Verdict.judge(.last(99), log) == (.resumed(replayed: 7), 4))
    #expect(Verdict.judge(.malformed, log) == (.reset, 4))
  }
}
