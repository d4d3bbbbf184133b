import FanfareRuntime
import FanfareTestKit
import Testing

@testable import FanfareActors

/// How much of a channel may be on its way, against a plain account.
@Suite struct PacingTests {
  private static func limits() -> Limits {
    var limits = Limits()
    limits.mailboxEventsMax = 32
    limits.mailboxBytesMax = 16_384
    return limits
  }

  private static func drafts(_ random: inout SeededGenerator, _ count: Int) -> [Draft] {
    (0..<count).map { _ in
      Draft(
        type: .agentProgress, data: Array(repeating: 0x31, count: random.below(2_000)))
    }
  }

  @Test(arguments: 1...50 as ClosedRange<UInt64>)
  func slicesAreThePublishInOrder(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let name = try #require(ChannelName("project:1"))
    let pacing = Pacing(Self.limits())
    let drafts = Self.drafts(&random, random.int(1...100))
    let slices = pacing.slices(of: drafts, in: name)
    #expect(slices.flatMap { Array($0.range) } == Array(drafts.indices), "seed \(seed)")
    for slice in slices {
      let bytes = drafts[slice.range].reduce(0) {
        $0 + Event.frameBytesMax($1.type, $1.data, name)
      }
      #expect(slice.bytes == bytes)
      #expect(slice.range.count <= 8)
      #expect(bytes <= 4_096 || slice.range.count == 1)
    }
    // Whatever else is on its way, the same publish is cut at the same places.
    var busy = pacing
    busy.attach(loop: 0)
    busy.give(slices[0])
    #expect(busy.slices(of: drafts, in: name) == slices)
  }

  @Test(arguments: 1...50 as ClosedRange<UInt64>)
  func neverMoreThanAQuarter(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let name = try #require(ChannelName("project:1"))
    var pacing = Pacing(Self.limits())
    let now = MonotonicInstant(nanoseconds: 0)
    // Given to the backplane, and not fed: by the offset that the last of each will have.
    var given: [(slice: Pacing.Slice, last: UInt64, isAnswered: Bool)] = []
    var stored: UInt64 = 0
    var fed: UInt64 = 0
    var flushed: [Int: UInt64] = [:]
    for _ in 0..<2_000 {
      switch random.below(7) {
      case 0..<3:
        let drafts = Self.drafts(&random, random.int(1...12))
        for slice in pacing.slices(of: drafts, in: name) where pacing.hasRoom(for: slice) {
          for loop in flushed.keys {
            let onItsWay = stored - (flushed[loop] ?? 0)
            #expect(
              onItsWay == 0 || onItsWay + UInt64(slice.range.count) <= 8, "seed \(seed)")
          }
          stored += UInt64(slice.range.count)
          pacing.give(slice)
          given.append((slice, stored, false))
        }
      case 3:
        guard let place = given.firstIndex(where: { !$0.isAnswered }) else { continue }
        given[place].isAnswered = true
        let last = given[place].last
        pacing.answered(given[place].slice, awaiting: last > fed ? last : nil, since: now)
        if last <= fed { given.remove(at: place) }
      case 4:
        // The feed may be faster than the answer.
        guard fed < stored, let next = given.first(where: { $0.last > fed }) else { continue }
        fed = next.last
        pacing.fed(through: fed, bytes: next.slice.bytes) { _ in }
        given.removeAll { $0.isAnswered && $0.last <= fed }
      case 5:
        guard let loop = flushed.keys.sorted().first else { continue }
        flushed[loop] = fed
        pacing.flushed(loop: loop, through: fed)
      default:
        if flushed.isEmpty || random.isOne(in: 40) {
          pacing.attach(loop: 3)
          #expect(pacing.tell(head: fed) == [3])
          flushed[3] = fed
        } else if random.isOne(in: 10), given.allSatisfy(\.isAnswered) {
          pacing.restart(at: stored)
          given = []
          fed = stored
          for loop in flushed.keys { flushed[loop] = stored }
        }
      }
      if given.isEmpty, flushed.values.allSatisfy({ $0 == fed }), fed == stored {
        let large = Pacing.Slice(range: 0..<1, bytes: 1_000_000)
        #expect(pacing.hasRoom(for: large), "seed \(seed)")
      }
    }
  }
}
