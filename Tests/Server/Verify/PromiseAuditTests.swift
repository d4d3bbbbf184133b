import FanfareActors
import FanfareRuntime
import Testing

@testable import FanfareServer

/// Seeded histories of followers that a server kept its promise to, and the same with one thing
/// wrong.
@Suite struct PromiseAuditTests {
  @Test(arguments: 0..<300 as Range<UInt64>)
  func findsNothingWhereThePromiseIsKept(seed: UInt64) throws {
    var history = PromiseHistory(seed: seed)
    history.grow(200)
    var audit = PromiseAudit(history.channels)
    for step in history.steps { #expect(step.give(to: &audit) == nil, "\(step)") }
    for channel in history.channels {
      let account = try #require(audit.accounts[channel])
      #expect(account.held == history.told[channel])
      #expect(account.delivered == history.delivered[channel] ?? 0)
      #expect(account.missed == history.missed[channel] ?? 0)
    }
  }

  @Test(arguments: PromiseHistory.Plant.allCases)
  func findsEveryPlantedFault(plant: PromiseHistory.Plant) throws {
    var planted = 0
    for seed in 0..<100 as Range<UInt64> {
      var history = PromiseHistory(seed: seed)
      history.grow(200)
      guard let steps = history.steps(with: plant) else { continue }
      planted += 1
      var audit = PromiseAudit(history.channels)
      let faults = steps.compactMap { $0.give(to: &audit) }
      #expect(!faults.isEmpty, "\(plant) with seed \(seed) was not found")
    }
    #expect(planted > 50, "\(plant) was hardly ever planted")
  }

  /// What was told after the last cursor may be told again, nothing else.
  @Test func aGapMayBeToldTwiceWhereItsCursorWasLost() throws {
    let history = PromiseHistory(seed: 1)
    let channel = history.channels[0]
    let at = { (offset: UInt64) in history.text(channel, offset) }
    func attached(_ verdict: String, _ position: UInt64, _ rest: String = "") -> FollowerNews {
      history.attached(channel, verdict, position, rest)
    }
    let gap = #","from":"\#(at(4))","to":"\#(at(6))","missed":3"#
    var audit = PromiseAudit([channel])
    #expect(audit.connects(with: nil) == nil)
    #expect(audit.note(attached("live", 3)) == nil)
    #expect(audit.note(.cursor(at(3))) == nil)
    #expect(audit.connects(with: at(3)) == nil)
    #expect(audit.note(attached("gap", 6, gap)) == nil)
    #expect(audit.connects(with: at(3)) == nil)
    #expect(audit.note(attached("gap", 6, gap)) == nil)
    #expect(audit.note(.cursor(at(6))) == nil)
    #expect(audit.connects(with: at(3)) != nil)
  }
}
