import FanfareRuntime

/// What is broken when: the same for the same seed, number of nodes and time. Faults of Redis and
/// of nodes fall together as chance has it; of each kind there is one at a time.
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

  private(set) var redis: [Step] = []
  private(set) var nodes: [Step] = []

  /// - Parameter duration: by then everything is mended.
  init(seed: UInt64, nodes count: Int, duration: Duration) {
    var random = SeededGenerator(seed: seed)
    redis = Self.steps(until: duration, gap: 300...3_000, &random) { random in
      switch Int.random(in: 0..<6, using: &random) {
      case 0: (.redisKilled, Self.time(0...2_000, &random))
      case 1: (.redisRestarted, Self.time(0...2_000, &random))
      case 2, 3: (.redisPaused, Self.time(1_000...6_000, &random))
      case 4: (.commandsCut, .zero)
      default: (.feedsCut, .zero)
      }
    }
    nodes = Self.steps(until: duration, gap: 300...4_000, &random) { random in
      let node = Int.random(in: 0..<count, using: &random)
      return Bool.random(using: &random)
        ? (.nodeKilled(node), Self.time(0...2_000, &random))
        : (.nodePaused(node), Self.time(1_000...4_000, &random))
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
