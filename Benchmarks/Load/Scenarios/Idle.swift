import ArgumentParser
import FanfareRuntime

/// What followers cost that wait, and whether an event finds them all.
struct Idle: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Many followers of one channel, silent, then one event, then fifty.")

  @Option(help: "Followers.")
  var followers = 10_000
  @Option(help: "How they follow: sse or websocket.")
  var transport = Transport.sse
  @Option(help: "Bytes of an event's data.")
  var bytes = 200
  @Option(help: "Seconds of silence.")
  var seconds = 5
  @OptionGroup var server: ServerOptions

  func run() async throws {
    let report = try await LoadSide.with(
      server, dataBytes: bytes, transport: transport
    ) { [transport] side, process in
      let open = "fanfare_connections{transport=\"\(transport.rawValue)\"}"
      let openBefore = await side.client.metric(open) ?? 0
      let memoryBefore = process.residentBytes
      let connectSeconds = try await side.connect(followers)
      try await Task.sleep(for: .seconds(seconds))
      let memoryAfter = process.residentBytes
      let one = await side.publish(1, window: 1, within: .seconds(10))
      let reached = await side.loop.run { side.crowd.complete(side.publisher.heads) }
      let fifty = await side.publish(50, window: 8, within: .seconds(60))
      let memoryPeak = process.residentBytes

      var report = Report("idle")
      report.add("followers", followers)
      report.add("descriptor_limit", ProcessStatistics.raiseDescriptorLimit())
      report.add("connects_per_second", UInt64(Double(followers) / connectSeconds))
      report.add("rss_before", memoryBefore / 1024, "KiB")
      report.add("rss_connected", memoryAfter / 1024, "KiB")
      report.add("rss_published", memoryPeak / 1024, "KiB")
      report.add("rss_per_connection", (memoryAfter - memoryBefore) / followers, "bytes")
      report.add("reached_by_one_event", reached)
      report.add("one_event", (one ?? 0) * 1000, "ms")
      report.add("fifty_events", (fifty ?? 0) * 1000, "ms")
      report.require(one != nil, "one event did not reach all followers within 10 s")
      report.require(fifty != nil, "fifty events did not reach all followers within 60 s")
      report.add(await side.close())

      await side.loop.run { side.crowd.disconnect() }
      var openAfter = Double.infinity
      let clock = ContinuousClock()
      let start = clock.now
      while openAfter > openBefore, clock.now - start < .seconds(15) {
        openAfter = await side.client.metric(open) ?? .infinity
        try await Task.sleep(for: .milliseconds(20))
      }
      report.add("forgotten_after", (clock.now - start).inSeconds * 1000, "ms")
      report.add("connections_left", openAfter - openBefore)
      report.add("rss_left", process.residentBytes / 1024, "KiB")
      report.require(openAfter == openBefore, "connections are open that nobody has")
      return report
    }
    try report.finish()
  }
}
