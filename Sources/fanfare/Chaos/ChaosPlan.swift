import FanfareRuntime

/// What is broken when: the same for the same seed, numbers and time. Faults of different things
/// fall together as chance has it; of each kind there is one at a time.
struct ChaosPlan {
  /// One fault.
  struct Step {
    /// From the beginning of the run.
    let start: Duration
    let fault: ChaosFault
    /// How long the broken thing stays so.
    let length: Duration

    /// Its line in the log.
    var text: String {
      let time = SecondsText.of(start)
      return String(repeating: " ", count: max(0, 7 - time.count)) + time + "  "
        + fault.text(lasting: length)
    }
  }

  /// Side by side; the steps of each one after the other.
  private let lanes: [[Step]]

  /// A plan for Redis and its nodes.
  ///
  /// - Parameter duration: by then everything is mended.
  init(seed: UInt64, nodes count: Int, duration: Duration) {
    var random = SeededGenerator(seed: seed)
    let redis = Self.steps(until: duration, gap: 300...3_000, &random) { random in
      switch Int.random(in: 0..<6, using: &random) {
      case 0: (.redisKilled, Self.time(0...2_000, &random))
      case 1: (.redisRestarted, Self.time(0...2_000, &random))
      case 2, 3: (.redisPaused, Self.time(1_000...6_000, &random))
      case 4: (.commandsCut, .zero)
      default: (.feedsCut, .zero)
      }
    }
    let nodes = Self.steps(until: duration, gap: 300...4_000, &random) { random in
      let node = Int.random(in: 0..<count, using: &random)
      return Bool.random(using: &random)
        ? (.nodeKilled(node), Self.time(0...2_000, &random))
        : (.nodePaused(node), Self.time(1_000...4_000, &random))
    }
    lanes = [redis, nodes]
  }

  /// A plan for workers whose leases last so long, and for their server, which is killed where
  /// `killsServer`.
  init(
    seed: UInt64, workers count: Int, lease: Duration, killsServer: Bool, duration: Duration
  ) {
    var random = SeededGenerator(seed: seed)
    let server = Self.steps(until: duration, gap: 500...3_000, &random) { random in
      (.nodeKilled(0), Self.time(0...500, &random))
    }
    let killed = Self.steps(until: duration, gap: 200...2_000, &random) { random in
      (.workerKilled(Int.random(in: 0..<count, using: &random)), Self.time(0...1_000, &random))
    }
    let period = max(1, Int(lease.milliseconds))
    let paused = Self.steps(until: duration, gap: 200...2_000, &random) { random in
      (
        .workerPaused(Int.random(in: 0..<count, using: &random)),
        Self.time((period / 2)...(period * 2), &random)
      )
    }
    lanes = (killsServer ? [server] : []) + [killed, paused]
  }

  /// Breaks everything at its time.
  ///
  /// - Parameters:
  ///   - tell: gets a line for each fault.
  ///   - perform: breaks one thing for so long and mends it, also when cancelled.
  func play(
    tell: @escaping @Sendable (String) -> Void,
    _ perform: @escaping @Sendable (ChaosFault, Duration) async throws -> Void
  ) async throws {
    let start = ContinuousClock.now
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      for lane in lanes {
        tasks.addTask {
          for step in lane {
            try await Task.sleep(until: start + step.start, clock: .continuous)
            tell(step.text)
            try await perform(step.fault, step.length)
          }
        }
      }
      try await tasks.waitForAll()
    }
  }

  private static func steps(
    until duration: Duration, gap: ClosedRange<Int>, _ random: inout SeededGenerator,
    _ next: (inout SeededGenerator) -> (ChaosFault, Duration)
  ) -> [Step] {
    var steps: [Step] = []
    var start = Duration.zero
    while true {
      start += time(gap, &random)
      let (fault, length) = next(&random)
      guard start < duration else { return steps }
      // One that would last too long is passed over; a shorter one may fit.
      guard start + length <= duration else { continue }
      steps.append(Step(start: start, fault: fault, length: length))
      start += length
    }
  }

  private static func time(
    _ milliseconds: ClosedRange<Int>, _ random: inout SeededGenerator
  ) -> Duration {
    .milliseconds(Int.random(in: milliseconds, using: &random))
  }
}
