import FanfareActors
import FanfareRuntime
import FanfareTestKit
import Testing

/// One suite of what a store of jobs promises, over every one there is.
@Suite struct JobStoreConformanceTests {
  @Test(arguments: JobStoreConformance.scenarios)
  func model(scenario: JobStoreScenario) throws {
    let violations = try scenario.run(over: JobStoreModelPlace())
    #expect(violations.isEmpty, "\(scenario): \(violations)")
  }
}
