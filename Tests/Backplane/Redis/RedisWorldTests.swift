import Testing

/// Nodes over a Redis that loses, doubles, freezes, restarts and forgets, in a simulation.
@Suite struct RedisWorldTests {
  @Test func nothingIsLostInSilence() throws {
    var counts: [String: Int] = [:]
    for seed in 1...60 as ClosedRange<UInt64> {
      let world = try RedisWorld(seed: seed)
      let violations = world.play(60)
      #expect(violations.isEmpty, "seed \(seed): \(violations.prefix(3))")
      if !violations.isEmpty { break }
      counts.merge(world.counts, uniquingKeysWith: +)
    }
    #expect(counts["events", default: 0] > 5_000, "\(counts)")
    #expect(counts["restarts", default: 0] > 30, "\(counts)")
  }
}
