import ArgumentParser
import FanfareRuntime

/// What a node costs and says while its Redis is away and everyone goes on publishing.
struct RedisAway: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Publishing to a node whose Redis is stopped, or gone, and then comes back.")

  /// The seconds of publishing before Redis goes.
  private static let warmUpSeconds = 3
  /// What a node needs to notice: its `redis.answer-timeout`, and what was in flight.
  private static let noticeSeconds = 8
  private static let growthBytesMax = 5 * 1024 * 1024
  private static let answerMillisecondsMax = 100.0
  private static let backSeconds = 20

  @Option(help: "SSE followers.")
  var followers = 100
  @Option(help: "Publishes in flight, each a request of one event.")
  var window = 64
  @Option(help: "Bytes of an event's data.")
  var bytes = 200
  @Option(help: "Seconds for which Redis is away, the first 8 of them to notice.")
  var seconds = 60
  @OptionGroup var server: ServerOptions

  func validate() throws {
    guard seconds > Self.noticeSeconds else {
      throw ValidationError("--seconds must be more than \(Self.noticeSeconds).")
    }
  }

  func run() async throws {
    let report = try await RedisProcess.with(
      core: server.unpinned ? nil : server.serverCore
    ) { redis in
      var options = server
      options.serverArguments += " --set backplane=redis redis.url=\(redis.url)"
      return try await LoadSide.with(options, dataBytes: bytes) { side, process in
        try await measure(side, process, redis)
      }
    }
    try report.finish()
  }

  private func measure(
    _ side: LoadSide, _ process: ServerProcess, _ redis: RedisProcess
  ) async throws -> Report {
    _ = try await side.connect(followers)
    await side.loop.run { [window] in
      side.publisher.arrival = .answered
      side.publisher.window = window
      side.publisher.linesMax = 1
      side.publisher.publish(.max)
    }
    try await Task.sleep(for: .seconds(Self.warmUpSeconds))
    let before = (process.residentBytes, await side.loop.run { side.publisher.accepted })
    redis.pause()
    try await Task.sleep(for: .seconds(Self.noticeSeconds))
    await side.loop.run { side.publisher.answerTimes = LatencyHistogram() }
    let refusedBefore = await side.loop.run { side.publisher.refused }
    let acceptedAway = await side.loop.run { side.publisher.accepted }
    let readiness = await side.client.get("/readyz")?.status
    var memory = [process.residentBytes]
    for _ in Self.noticeSeconds..<seconds {
      try await Task.sleep(for: .seconds(1))
      memory.append(process.residentBytes)
    }
    let (refused, accepted, times) = await side.loop.run {
      (
        side.publisher.refused - refusedBefore, side.publisher.accepted - acceptedAway,
        side.publisher.answerTimes
      )
    }
    redis.resume()
    let back = await comeBack(side)

    let least = memory.min() ?? 0
    let most = memory.max() ?? 0
    var report = Report("redis-away")
    report.add("followers", followers)
    report.add("seconds", seconds)
    report.add("accepted_before", before.1, "events")
    report.add("rss_before", before.0 / 1024, "KiB")
    report.add("rss_away_min", least / 1024, "KiB")
    report.add("rss_away_max", most / 1024, "KiB")
    report.add("rss_growth", (most - least) / 1024, "KiB")
    report.add("readyz_away", readiness ?? 0)
    report.add("refused_away", refused, "publishes")
    report.add("refusal_p50", times.microseconds(atShare: 0.5), "us")
    report.add("refusal_p99", times.microseconds(atShare: 0.99), "us")
    report.add("back_after", (back ?? 0) * 1000, "ms")
    report.require(most - least <= Self.growthBytesMax, "resident memory moved by more than 5 MiB")
    report.require(readiness == 503, "the node says that it is ready")
    report.require(refused > 0, "no publish was answered")
    report.require(accepted == 0, "publishes were accepted that Redis cannot have")
    report.require(
      times.microseconds(atShare: 0.99) <= Self.answerMillisecondsMax * 1000,
      "publishes did not fail fast")
    report.require(back != nil, "the node did not come back within \(Self.backSeconds) s")
    await addFollowers(side, &report)
    return report
  }

  /// The seconds until a publish was accepted again.
  private func comeBack(_ side: LoadSide) async -> Double? {
    let accepted = await side.loop.run { side.publisher.accepted }
    let start = LoadLoop.now
    let isBack = await side.wait(.seconds(Self.backSeconds), every: .milliseconds(10)) {
      side.publisher.accepted > accepted
    }
    return isBack ? Double(LoadLoop.now - start) / 1e9 : nil
  }

  /// What was on its way when Redis went may have been published: the last offset is not known.
  private func addFollowers(_ side: LoadSide, _ report: inout Report) async {
    await side.loop.run { side.publisher.stop() }
    _ = await side.wait(.seconds(5), every: .milliseconds(5)) { side.publisher.isQuiet }
    try? await Task.sleep(for: .seconds(1))
    let (audit, ended) = await side.loop.run {
      (side.crowd.audit(expecting: side.publisher.heads.map { _ in 0 }), side.crowd.endedCount)
    }
    report.add(audit)
    report.require(ended == 0, "\(ended) followers were disconnected")
  }
}
