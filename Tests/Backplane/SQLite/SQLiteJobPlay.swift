import FanfareActors
import FanfareBackplane
import FanfareRuntime
import Testing

@testable import FanfareTestKit

/// A play over one job file, whose store can be reached into.
struct SQLiteJobPlay {
  let place: SQLiteJobPlace
  let simulation: Simulation
  let side: JobStoreSide

  init(_ settings: JobStoreSettings = .forScenarios, seed: UInt64 = 1) throws {
    let place = try SQLiteJobPlace(isInMemory: true)
    let simulation = Simulation(seed: seed, loops: 2)
    self.place = place
    self.simulation = simulation
    side = try simulation.on(simulation.loops[0]) {
      try JobStoreSide(place, settings, in: simulation)
    }
  }

  /// Plays to the end; what was wrong is an issue. A closure with a list of what it captures would
  /// leave the simulation: the compiler (6.3) takes it for one that runs on the global pool.
  func run(_ play: @escaping JobStoreScenario.Play) {
    simulation.on(side.loop) { side.assumeIsolated { $0.begin(play) } }
    #expect(simulation.run(stepsMax: 2_000_000) { side.isDone }, "the play does not end")
    #expect(side.violations.isEmpty)
  }
}

extension JobStoreSide {
  /// Asks for all of it in one turn.
  func askAtOnce(
    _ commands: [JobCommand],
    _ answered: @escaping @Sendable (Result<JobReply, JobRefusal>) -> Void
  ) {
    for command in commands { Task { answered(await ask(command)) } }
  }
}
