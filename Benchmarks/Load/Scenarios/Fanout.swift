import ArgumentParser
import FanfareRuntime

/// How fast one channel's events reach its followers.
struct Fanout: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "One channel, many followers, as many events as the window lets through.")

  private static let warmUp = Duration.seconds(1)

  @Option(help: "SSE followers.")
  var followers = 1_000
  @Option(help: "Events on their way at most.")
  var window = 32
  @Option(help: "An event leaves the window once the server answered, the first has it, or all.")
  var arrival = Arrival.all
  @Option(help: "Bytes of an event's data.")
  var bytes = 200
  @Option(help: "Seconds measured, after a second of warm-up.")
  var seconds = 5
  @OptionGroup var server: ServerOptions

  private struct Reading {
    let deliveries: UInt64
    let reads: UInt64
    let cpuSeconds: Double
    let instant: ContinuousClock.Instant
  }

  func run() async throws {
    try await LoadSide.with(server, dataBytes: bytes) { side, process in
      _ = try await side.connect(followers)
      await side.loop.run { [window, arrival] in
        side.publisher.get.window = window
        side.publisher.get.arrival = arrival
        side.publisher.get.publish(.max)
      }
      try await Task.sleep(for: Self.warmUp)
      await side.loop.run { side.crowd.get.latency = LatencyHistogram() }
      let before = await read(side, process)
      try await Task.sleep(for: .seconds(seconds))
      let after = await read(side, process)
      let (latency, busy) = await side.loop.run { (side.crowd.get.latency, side.loop.busyRatio) }
      let isSettled = await side.settle(within: .seconds(10))
      var report = Report("fanout")
      report.add("followers", followers)
      report.add("window", window)
      report.add("arrival", arrival.rawValue)
      report.add("bytes", bytes)
      let elapsed = (after.instant - before.instant).inSeconds
      let deliveries = after.deliveries - before.deliveries
      let reads = after.reads - before.reads
      let cpu = after.cpuSeconds - before.cpuSeconds
      report.add("deliveries_per_second", UInt64(Double(deliveries) / elapsed))
      report.add("events_per_read", Double(deliveries) / Double(max(1, reads)))
      report.add("latency_p50", latency.microseconds(atShare: 0.5), "µs")
      report.add("latency_p99", latency.microseconds(atShare: 0.99), "µs")
      report.add("server_cpu_per_delivery", cpu * 1e9 / Double(max(1, deliveries)), "ns")
      report.add("server_cpu_per_read", cpu * 1e9 / Double(max(1, reads)), "ns")
      report.add("server_cpu_share", 100 * cpu / elapsed, "%")
      report.add("load_side_busy", 100 * busy, "%")
      report.require(isSettled, "not all events arrived within 10 s")
      await side.close(&report)
      return report
    }
  }

  private func read(_ side: LoadSide, _ process: ServerProcess) async -> Reading {
    let (deliveries, reads) = await side.loop.run {
      (side.crowd.get.deliveries, side.crowd.get.reads)
    }
    return Reading(
      deliveries: deliveries, reads: reads, cpuSeconds: process.cpuSeconds,
      instant: ContinuousClock().now)
  }
}
