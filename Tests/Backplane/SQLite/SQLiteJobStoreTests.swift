import FanfareActors
import FanfareRuntime
import Testing

@testable import FanfareBackplane
@testable import FanfareTestKit

/// The promises of every store, over SQLite.
@Suite struct SQLiteJobStoreTests {
  @Test(arguments: JobStoreConformance.scenarios)
  func keepsItsPromises(scenario: JobStoreScenario) throws {
    let violations = try scenario.run(over: try SQLiteJobPlace(isInMemory: true))
    #expect(violations.isEmpty, "\(scenario): \(violations)")
  }

  /// Whoever makes jobs may think of any number of them.
  @Test func rateKeysWithoutABudgetAreNotRemembered() throws {
    let play = try SQLiteJobPlay()
    let place = play.place
    play.run { store in
      for number in 1...20 {
        _ = try await store.add { $0.rateKey = RateKey("account-\(number)") }
      }
      for worker in ["a", "b", "c"] {
        _ = try await store.take(8, by: WorkerName(checked: worker))
      }
      _ = try await store.add { $0.rateKey = .other }
      try store.expect(try await store.take().count, is: 1)
      let kept = try place.core(in: store.simulation) { $0.books.budgets.states.keys.sorted() }
      try store.expect(kept, is: [.other])
    }
  }
}
