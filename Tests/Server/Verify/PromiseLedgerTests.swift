import FanfareActors
import Testing

@testable import FanfareServer

@Suite struct PromiseLedgerTests {
  private let first = Epoch("aaaaaaaaaa00")

  @Test func everybodyMustAgreeOnWhatStandsWhere() throws {
    let ledger = PromiseLedger()
    let epoch = try #require(first)
    func at(_ offset: UInt64) -> Position { Position(offset: offset, epoch: epoch) }
    #expect(ledger.acknowledged("1", in: "a", at: at(1)) == nil)
    #expect(ledger.delivered("1", in: "a", at: at(1)) == nil)
    #expect(ledger.delivered("2", in: "a", at: at(2)) == nil)
    #expect(ledger.delivered("1", in: "b", at: at(7)) == nil)
    #expect(ledger.lastAcknowledged(in: "a", epoch) == 1)
    // Another event where one stands, on another node.
    #expect(ledger.delivered("3", in: "a", at: at(2)) != nil)
    // The same event a second time.
    #expect(ledger.delivered("1", in: "a", at: at(4)) != nil)
    #expect(ledger.acknowledged("2", in: "a", at: at(5)) != nil)
  }
}
