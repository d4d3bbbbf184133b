import ArgumentParser
import FanfareRuntime

/// Whether one follower that never reads costs the server memory, or the others events.
struct Stalled: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Followers that read, one that never does, and events at full speed.")

  private static let warmUpSeconds = 5
  private static let growthBytesMax = 5 * 1024 * 1024

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
    let report = try await LoadSide.with(server, dataBytes: bytes) { side, process in
      try await side.stall()
      _ = try await side.connect(followers)
      await side.loop.run { [window] in
        side.publisher.arrival = .all
        side.publisher.window = window
        side.publisher.publish(.max)
      }
      try await Task.sleep(for: .seconds(Self.warmUpSeconds))
      var memory = [process.residentBytes]
      for _ in Self.warmUpSeconds..<seconds {
        try await Task.sleep(for: .seconds(1))
        memory.append(process.residentBytes)
      }
      let isSettled = await side.settle(within: .seconds(10))
      let least = memory.min() ?? 0
      let most = memory.max() ?? 0

      var report = Report("stalled")
      report.add("followers", followers)
      report.add("seconds", seconds)
      let (published, deliveries) = await side.loop.run {
        (side.publisher.accepted, side.crowd.deliveries)
      }
      report.add("published", published, "events")
      report.add("deliveries_per_second", deliveries / UInt64(seconds))
      report.add("rss_min", least / 1024, "KiB")
      report.add("rss_max", most / 1024, "KiB")
      report.add("rss_growth", (most - least) / 1024, "KiB")
      report.require(
        most - least <= Self.growthBytesMax, "resident memory moved by more than 5 MiB")
      report.require(isSettled, "not all events arrived within 10 s")
      report.add(await side.close())
      try await addFate(side, &report)
      return report
    }
    try report.finish()
  }

  /// What became of the one that never reads.
  private func addFate(_ side: LoadSide, _ report: inout Report) async throws {
    let stalled = try await OpenConnection.first(from: LoadSide.stalledHost, side.client)
    let evictions =
      await side.client.metric(#"fanfare_evictions_total{reason="stalled"}"#) ?? 0
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
    let missing = await side.loop.run { side.crowd.toldMissing }
    report.require(missing == 0, "followers that read were told gaps")
  }
}
