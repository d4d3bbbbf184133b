/// One row of the comparison: a load, and what the server is to reach of the floor.
struct Scenario: Sendable {
  /// What the server is to reach, as a ratio to the floor or absolutely.
  enum Target: Sendable {
    /// Deliveries or connects a second, server by floor: at least so much.
    case rate(Double)
    /// Publishes a second: at least so many.
    case publishes(Double)
    /// The 99th percentile of latency, server by floor: at most so much.
    case latency(Double)
    /// Bytes of user-space memory for each connection: at most so much.
    case memory(Double)
  }

  let name: String
  let title: String
  let trial: Trial
  /// Whether the floor sends what queued meanwhile in one send.
  var isFloorBatching = true
  var target: Target?

  static let all: [Scenario] = [
    Scenario(
      name: "S1", title: "saturation, window 32", trial: Trial(load: .window(32, arrival: .all)),
      target: .rate(0.90)),
    Scenario(
      name: "S1w1", title: "saturation, window 1", trial: Trial(load: .window(1, arrival: .all)),
      isFloorBatching: false, target: .rate(0.95)),
    Scenario(
      name: "S2", title: "50 events/s", trial: Trial(load: .rate(50)), target: .latency(1.10)),
    Scenario(
      name: "S3", title: "saturation, window 32",
      trial: Trial(followers: 10_000, load: .window(32, arrival: .all)), target: .latency(1.10)),
    Scenario(
      name: "S3slow", title: "5 events/s", trial: Trial(followers: 10_000, load: .rate(5)),
      target: .latency(1.10)),
    Scenario(
      name: "S4", title: "idle", trial: Trial(followers: 10_000, load: .idle),
      target: .memory(800)),
    Scenario(
      name: "S4full", title: "idle", trial: Trial(followers: 19_000, load: .idle),
      target: .memory(800)),
    Scenario(
      name: "S5", title: "connects", trial: Trial(followers: 10_000, load: .connects),
      target: .rate(0.80)),
    Scenario(
      name: "S6", title: "1,000 channels",
      trial: Trial(
        followers: 10_000, channels: 1_000, load: .window(1_000, arrival: .all)),
      target: .rate(0.85)),
    Scenario(
      name: "S7", title: "one stalled",
      trial: Trial(hasStalled: true, load: .window(32, arrival: .all))),
    Scenario(
      name: "S8", title: "publishes, no follower, 32 lines a request",
      trial: Trial(followers: 0, load: .requests(8, lines: 32)), target: .publishes(100_000)),
    Scenario(
      name: "S8one", title: "publishes, 32 lines a request",
      trial: Trial(followers: 1, load: .requests(8, lines: 32))),
    Scenario(
      name: "S8each", title: "publishes, no follower, one event a request",
      trial: Trial(followers: 0, load: .requests(64, lines: 1))),
  ]
}
