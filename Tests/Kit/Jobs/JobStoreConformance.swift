/// What every store of jobs promises, whatever it is made of.
package enum JobStoreConformance {
  /// All of it, one play for each promise.
  package static let scenarios: [JobStoreScenario] =
    JobStoreScenario.leases + JobStoreScenario.ends + JobStoreScenario.requests
    + JobStoreScenario.budgets + JobStoreScenario.workflows + JobStoreScenario.events
    + JobStoreScenario.operations + JobStoreScenario.survival
}
