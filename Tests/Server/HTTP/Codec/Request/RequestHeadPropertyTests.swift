import FanfareRuntime
import FanfareTestKit
import FuzzInvariants
import Testing

@testable import FanfareServer

@Suite struct RequestHeadPropertyTests {
  @Test(arguments: UInt64(1)...8)
  func readsWhatTheModelSays(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    for round in 0..<60 {
      let model = RequestModel(&random)
      let bytes = model.spelled(&random)
      var parser = RequestHeadParser(headBytesMax: 16_384)
      var outcome = RequestHeadParser.Outcome.needsMore
      var end = 0
      while outcome == .needsMore, end < bytes.count {
        end = min(bytes.count, end + random.int(1...60))
        outcome = parser.parse(bytes.span.extracting(0..<end))
      }
      guard case .head(let head, bytes.count) = outcome else {
        Issue.record("seed \(seed) round \(round): \(outcome)")
        return
      }
      #expect(model.difference(head) == nil, "seed \(seed) round \(round)")
    }
  }

  @Test(arguments: UInt64(1)...8)
  func standsAnyMutation(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    for round in 0..<60 {
      let bytes = random.mutated(RequestModel(&random).spelled(&random))
      let violation = RequestHeadInvariants.violation(bytes)
      #expect(violation == nil, "seed \(seed) round \(round)")
    }
  }

  @Test func standsRandomBytes() {
    var random = SeededGenerator(seed: 99)
    for round in 0..<200 {
      #expect(
        RequestHeadInvariants.violation(random.bytes(count: 0...80)) == nil, "round \(round)")
    }
  }
}
