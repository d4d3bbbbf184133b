import FanfareActors
import FanfareRuntime
import FanfareTestKit
import Foundation
import Testing

/// Random plays of a store against the model of it. `JOB_DUELS` sets how many,
/// `JOB_DUELS_FROM` the first seed.
@Suite struct JobStoreDuelTests {
  private func check(
    _ seeds: ClosedRange<UInt64>, steps: Int, over place: () throws -> any JobStorePlace
  ) throws {
    var counts: [String: Int] = [:]
    var differences = 0
    for seed in seeds {
      let outcome = try JobStoreDuel.play(seed: seed, steps: steps, over: place)
      counts.merge(outcome.counts) { $0 + $1 }
      if let difference = outcome.difference {
        Issue.record("\(difference)")
        differences += 1
        if differences == 4 { return }
      }
    }
    for name in ["enqueue", "lease", "succeed", "fail", "release", "cancel", "retry", "crash"] {
      #expect(counts[name, default: 0] > 0, "\(counts)")
    }
  }

  private func number(_ name: String) -> UInt64? {
    ProcessInfo.processInfo.environment[name].flatMap(UInt64.init)
  }

  private var count: UInt64 { number("JOB_DUELS") ?? 160 }

  /// The model against itself: the play is sound.
  @Test func model() throws {
    try check(1...min(count, 20), steps: 100) { JobStoreModelPlace() }
  }

  @Test(arguments: 0..<4)
  func sqlite(quarter: Int) throws {
    let share = max(1, count / 4)
    let first = (number("JOB_DUELS_FROM") ?? 1) + UInt64(quarter) * share
    try check(first...first + share - 1, steps: 100) { try SQLiteJobPlace(isInMemory: true) }
  }
}
