import FanfareActors
import FanfareRuntime
import FanfareTestKit
import Testing

@testable import FanfareBackplane

/// The promises of every store, over SQLite.
@Suite struct SQLiteJobStoreTests {
  @Test(arguments: JobStoreConformance.scenarios)
  func keepsItsPromises(scenario: JobStoreScenario) throws {
    let violations = try scenario.run(over: try SQLiteJobPlace(isInMemory: true))
    #expect(violations.isEmpty, "\(scenario): \(violations)")
  }
}
