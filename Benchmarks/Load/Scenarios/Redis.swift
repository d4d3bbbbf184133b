import ArgumentParser

/// What nodes over Redis cost beside what Redis itself can do.
struct Redis: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Publishes through Redis beside redis-benchmark, and nodes beside plain sockets.",
    discussion: """
      Starts a redis-server of its own. The exit code is 1 when an event was lost, came twice or \
      came out of order; a missed target is only printed.
      """)

  private static let rateTarget = 0.7
  private static let latencyTarget = 3.0

  @Option(help: "Pairs of trials for each row.")
  var runs = 5
  @Option(help: "Seconds measured in each trial.")
  var seconds = 1.0
  @Option(help: "Publishes in flight.")
  var depth = 256
  @Option(help: "Channels of the row that has many.")
  var channels = 1_000
  @Option(help: "Events a second between the nodes.")
  var rate = 1_000
  @Option(help: "Bytes of an event's data, at least 32.")
  var bytes = 200
  @Option(help: "What is measured: throughput or latency; both without it.")
  var part: Part?
  @OptionGroup var server: ServerOptions

  enum Part: String, ExpressibleByArgument, CaseIterable {
    case throughput
    case latency
  }

  func validate() throws {
    guard runs > 0, seconds > 0, bytes >= 32 else {
      throw ValidationError("--runs and --seconds must be more than 0, --bytes at least 32.")
    }
  }

  func run() async throws {
    var report = Report("redis")
    report.add("runs", runs)
    report.add("bytes", bytes)
    if part != .latency { try await addThroughput(&report) }
    if part != .throughput { try await addLatency(&report) }
    try report.finish()
  }

  private var measured: Duration { .milliseconds(Int64(seconds * 1000)) }

  private func addThroughput(_ report: inout Report) async throws {
    let padding = String(repeating: "x", count: bytes - 2)
    report.add("depth", depth)
    for (name, count) in [("one_channel", 1), ("\(channels)_channels", channels)] {
      let pairs = try await RedisProcess.with(core: server.unpinned ? nil : server.serverCore) {
        try await RedisThroughput(
          redis: $0, depth: depth, channels: count, data: "\"\(padding)\"", measured: measured
        ).pairs(runs)
      }
      let median = { (value: (RedisThroughput.Pair) -> Double) in
        Figures.median(pairs.map(value)) ?? 0
      }
      let ratio = median { $0.node / $0.benchmark }
      report.add("\(name)_node", UInt64(median(\.node)), "publishes/s")
      report.add("\(name)_redis_benchmark", UInt64(median(\.benchmark)), "publishes/s")
      report.addHundredths("\(name)_ratio", ratio)
      report.add("\(name)_target", verdict("ratio >= 0.7", ratio >= Self.rateTarget))
      report.add("\(name)_node_cpu_each", median(\.nodeEach) / 1000, "us")
      report.add("\(name)_redis_cpu_each", median(\.redisEach.node) / 1000, "us")
      report.add(
        "\(name)_redis_cpu_each_benchmark", median(\.redisEach.benchmark) / 1000, "us")
      report.add("\(name)_redis_share", median { $0.redisShare * 100 }, "%")
    }
  }

  private func addLatency(_ report: inout Report) async throws {
    let (pairs, audit, faults) = try await RedisProcess.with(
      core: server.unpinned ? nil : server.serverCore
    ) {
      try await RedisLatency(
        redis: $0, server: server, rate: rate, dataBytes: bytes, measured: measured
      ).pairs(runs)
    }
    let median = { (value: (RedisLatency.Pair) -> Double) in
      Figures.median(pairs.map(value)) ?? 0
    }
    let ratio = median {
      $0.nodes.microseconds(atShare: 0.5) / $0.bare.microseconds(atShare: 0.5)
    }
    report.add("rate", rate, "events/s")
    for (name, share) in [("p50", 0.5), ("p99", 0.99)] {
      report.add("nodes_\(name)", median { $0.nodes.microseconds(atShare: share) }, "us")
      report.add("bare_\(name)", median { $0.bare.microseconds(atShare: share) }, "us")
    }
    report.addHundredths("p50_ratio", ratio)
    report.add("p50_target", verdict("ratio <= 3", ratio <= Self.latencyTarget))
    report.add(audit)
    for fault in faults { report.require(false, fault) }
  }

  private func verdict(_ target: String, _ isMet: Bool) -> String {
    "\(target): \(isMet ? "met" : "missed")"
  }
}
