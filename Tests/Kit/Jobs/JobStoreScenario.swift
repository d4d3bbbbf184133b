import FanfareActors
import FanfareRuntime

/// One thing that every store promises, as a short play.
package struct JobStoreScenario: Sendable, CustomStringConvertible {
  package typealias Play = @Sendable (JobStoreSide) async throws -> Void

  package let name: String
  let play: Play

  package init(_ name: String, _ play: @escaping Play) {
    self.name = name
    self.play = play
  }

  package var description: String { name }

  /// Plays it over a store of `place`. Returns what was wrong.
  package func run(over place: any JobStorePlace, seed: UInt64 = 1) throws -> [String] {
    let simulation = Simulation(seed: seed, loops: 2)
    let side = try simulation.on(simulation.loops[0]) {
      try JobStoreSide(place, .forScenarios, in: simulation)
    }
    simulation.on(side.loop) { side.assumeIsolated { $0.begin(play) } }
    let isDone = simulation.run(stepsMax: 2_000_000) { side.isDone }
    return side.violations + (isDone ? [] : ["\(name): does not end"])
  }
}

/// What a play expected and did not find.
package struct JobStoreViolation: Error, CustomStringConvertible {
  package let description: String
}

extension QueueName {
  /// Retries after the usual random waits.
  package static let plain = QueueName(checked: "plain")
  /// Retries at once, or when the failure says.
  package static let prompt = QueueName(checked: "prompt")
  /// Two jobs run at once, of all workers together.
  package static let narrow = QueueName(checked: "narrow")
}

extension RateKey {
  /// 10 requests and 1,000 units in 10 seconds.
  package static let budgeted = RateKey(checked: "budgeted")
  /// 1,000 units in 10 seconds.
  package static let other = RateKey(checked: "other")
  /// Of which the configuration says nothing.
  package static let free = RateKey(checked: "free")
}

extension TaskName {
  package static let work = TaskName(checked: "work")
  package static let rest = TaskName(checked: "rest")
}

extension WorkerName {
  package static let one = WorkerName(checked: "one")
  package static let two = WorkerName(checked: "two")
}

extension JobStoreSettings {
  /// What the scenarios are written for.
  package static var forScenarios: Self {
    var plain = QueueSettings(prefetch: 2, concurrency: 4)
    plain.lease = .seconds(30)
    plain.attempts = 5
    var prompt = plain
    prompt.retry = RetryPlan(base: .zero, cap: .zero)
    var narrow = prompt
    narrow.runningMax = 2
    let units = RateBudget.Rate(amount: 1_000, per: .seconds(10))
    return JobStoreSettings(
      queues: [.plain: plain, .prompt: prompt, .narrow: narrow],
      budgets: [
        .budgeted: RateBudget(requests: .init(amount: 10, per: .seconds(10)), tokens: units),
        .other: RateBudget(tokens: units),
      ],
      retention: .seconds(3_600), events: PlainJobEvents(), limits: Limits())
  }
}
