import ArgumentParser
import FanfareRuntime

/// Whether one follower that never reads costs the server memory, or the others events.
struct Stalled: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Followers that read, one that never does, and events at full speed.")

  private static let warmUpSeconds = 5
  private static let growthBytesMax = 5 * 1024 * 1024
  private static let stallTimeout = Duration.seconds(20)
  /// More than any pass leaves open for a moment.
  private static let stallLag = 1_000
  private static let stalledHost = "127.0.0.200"

  @Option(help: "SSE followers that read.")
  var followers = 1_000
  @Option(help: "Events on their way at most.")
  var window = 32
  @Option(help: "Bytes of an event's data.")
  var bytes = 200
  @Option(help: "Seconds of publishing, the first 5 of them a warm-up.")
  var seconds = 60
  @OptionGroup var server: ServerOptions

  func validate() throws {
    guard seconds > Self.warmUpSeconds else {
      throw ValidationError("--seconds must be more than \(Self.warmUpSeconds).")
    }
  }

  func run() async throws {
    try await LoadRun.with(server, dataBytes: bytes) { run in
      try await stall(run)
      _ = try await run.connect(followers)
      await run.loop.run { [window] in
        run.publisher.get.arrival = .all
        run.publisher.get.window = window
        run.publisher.get.publish(.max)
      }
      try await Task.sleep(for: .seconds(Self.warmUpSeconds))
      var memory = [run.server.residentBytes]
      for _ in Self.warmUpSeconds..<seconds {
        try await Task.sleep(for: .seconds(1))
        memory.append(run.server.residentBytes)
      }
      let isSettled = await run.settle(within: .seconds(10))
      let least = memory.min() ?? 0
      let most = memory.max() ?? 0

      var report = Report("stalled")
      report.add("followers", followers)
      report.add("seconds", seconds)
      let (published, deliveries) = await run.loop.run {
        (run.publisher.get.accepted, run.crowd.get.deliveries)
      }
      report.add("published", published, "events")
      report.add("deliveries_per_second", deliveries / UInt64(seconds))
      report.add("rss_min", least / 1024, "KiB")
      report.add("rss_max", most / 1024, "KiB")
      report.add("rss_growth", (most - least) / 1024, "KiB")
      report.require(
        most - least <= Self.growthBytesMax, "resident memory moved by more than 5 MiB")
      report.require(isSettled, "not all events arrived within 10 s")
      await run.close(&report)
      try await addFate(run, &report)
      return report
    }
  }

  /// Connects the follower that never reads, and publishes until the buffers of its socket are
  /// full: on a loopback they hold megabytes.
  private func stall(_ run: LoadRun) async throws {
    let source = try SocketAddress.resolve(host: Self.stalledHost, port: 0)
    await run.loop.run {
      run.crowd.get.connectDeaf(from: source)
      run.publisher.get.arrival = .answered
      run.publisher.get.window = 64
      run.publisher.get.publish(.max)
    }
    let clock = ContinuousClock()
    let deadline = clock.now + Self.stallTimeout
    while clock.now < deadline {
      let stalled = try await OpenConnection.first(from: Self.stalledHost, run.client)
      if let stalled, stalled.lag > Self.stallLag { break }
      try await Task.sleep(for: .milliseconds(20))
    }
    await run.loop.run { run.publisher.get.stop() }
    _ = await run.wait(.seconds(5), every: .milliseconds(5)) { run.publisher.get.isQuiet }
  }

  /// What became of the one that never reads.
  private func addFate(_ run: LoadRun, _ report: inout Report) async throws {
    let stalled = try await OpenConnection.first(from: Self.stalledHost, run.client)
    let evictions =
      await run.client.metric(#"fanfare_evictions_total{reason="stalled"}"#) ?? 0
    if let stalled {
      report.add("stalled_fate", "lagging")
      report.add("stalled_delivered", stalled.delivered, "events")
      report.add("stalled_lag", stalled.lag, "events")
      report.add("stalled_dropped", stalled.dropped, "events")
      report.require(stalled.lag > 0, "the follower that never reads is not behind")
    } else {
      report.add("stalled_fate", evictions == 1 ? "evicted" : "gone")
      report.require(evictions == 1, "the follower that never reads went, and was not evicted")
    }
    report.add("stalled_evictions", UInt64(evictions))
    let missing = await run.loop.run { run.crowd.get.toldMissing }
    report.require(missing == 0, "followers that read were told gaps")
  }
}
