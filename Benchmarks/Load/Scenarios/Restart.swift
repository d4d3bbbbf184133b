import ArgumentParser
import FanfareRuntime

/// What followers see of a server that is ended and started again, and what it sees of them.
struct Restart: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Followers of both kinds, a restart under them, and how they come back.")

  /// The default of `drain.window`, over which followers are asked to come back.
  private static let windowSeconds = 10

  @Option(help: "SSE followers.")
  var followers = 10_000
  @Option(help: "WebSocket followers.")
  var webSockets = 1_000
  @Option(help: "Events a second.")
  var rate = 5
  @Option(help: "Seconds of publishing before the restart.")
  var seconds = 3
  @OptionGroup var server: ServerOptions

  func run() async throws {
    ProcessStatistics.raiseDescriptorLimit()
    var options = server
    if options.port == 0 { options.port = Int.random(in: 20_000..<30_000) }
    let group = try LoopGroup.start(count: 1)
    let first = try ServerProcess.start(options)
    let client = HTTPClient(address: first.address, loop: group.loops[0])
    let source = try SocketAddress.resolve(host: "127.0.0.2", port: 0)
    let crowd = LoopConfined(
      ReturningCrowd(address: first.address, source: source, loop: group.loops[0]),
      to: group.loops[0])
    var report = Report("restart")
    do {
      try await first.becomeReady(client)
      try await arrive(crowd)
      try await publish(client, events: rate * seconds)
      let drained = await drain(first)
      report.add("drain", drained, "s")
      report.require(drained < Double(Self.windowSeconds) + 2, "the drain took too long")
      let second = try ServerProcess.start(options)
      try await second.becomeReady(client)
      await crowd.loop.run { crowd.get.restarted() }
      let back = try await comeBack(crowd, client)
      await judge(crowd, back, &report)
      await crowd.loop.run { crowd.get.end() }
      await second.stop()
    } catch {
      await first.stop()
      await group.stop()
      throw error
    }
    await group.stop()
    try report.finish()
  }

  private func arrive(_ crowd: LoopConfined<ReturningCrowd>) async throws {
    let count = followers + webSockets
    await crowd.loop.run { [followers, webSockets] in
      crowd.get.connect(sse: followers, webSockets: webSockets)
    }
    let isDone = await wait(.seconds(60), crowd) { crowd.get.attachedCount == count }
    guard isDone else { throw ValidationError("not all followers could attach within 60 s") }
  }

  private func publish(_ client: HTTPClient, events: Int) async throws {
    for _ in 0..<events {
      let answer = await client.publish(#"{"type":"load","data":1}"#, to: LoadSide.channel)
      guard answer?.status == 201 else { throw ValidationError("a publish was refused") }
      try await Task.sleep(for: .seconds(1) / rate)
    }
  }

  private func drain(_ process: ServerProcess) async -> Double {
    let clock = ContinuousClock()
    let start = clock.now
    await process.stop()
    return (clock.now - start).inSeconds
  }

  /// Publishes until all are back and stand at the same event. Returns the seconds, `nil` if some do
  /// not within a minute.
  private func comeBack(
    _ crowd: LoopConfined<ReturningCrowd>, _ client: HTTPClient
  ) async throws -> Double? {
    let count = followers + webSockets
    let clock = ContinuousClock()
    let start = clock.now
    while clock.now - start < .seconds(60) {
      try await publish(client, events: 1)
      guard await crowd.loop.run({ crowd.get.attachedCount == count }) else { continue }
      let seconds = (clock.now - start).inSeconds
      let head = await client.get("/channels/\(LoadSide.channel)/events?last=0&wait=0")
      let cursor = head?.body.split(separator: #""cursor":""#).last.map(String.init)
      let offset = FollowerMessages.offset(cursor)
      let isDone = await wait(.seconds(10), crowd) { crowd.get.isComplete(offset) }
      return isDone ? seconds : nil
    }
    return nil
  }

  private func judge(
    _ crowd: LoopConfined<ReturningCrowd>, _ back: Double?, _ report: inout Report
  ) async {
    let (faults, byes, resets, arrivals, deliveries) = await crowd.loop.run {
      let all = crowd.get.followers
      return (
        all.reduce(0) { $0 + $1.faults }, all.count { $0.byes == 1 }, all.count { $0.resets == 1 },
        crowd.get.arrivals, crowd.get.deliveries
      )
    }
    let count = followers + webSockets
    let bound = 2 * count / Self.windowSeconds
    report.add("followers", followers)
    report.add("websockets", webSockets)
    report.add("deliveries", deliveries)
    report.add("told_bye", byes)
    report.add("told_reset", resets)
    report.add("all_back", back ?? 0, "s")
    report.add("connects_per_second_max", arrivals.max() ?? 0)
    report.add("connects_per_second_bound", bound)
    report.add("connects_by_second", arrivals.map(String.init).joined(separator: " "))
    report.add("lost_or_doubled", faults, "events")
    report.require(back != nil, "not all came back and were given every event within a minute")
    report.require(byes == count, "some were not told that the server goes")
    report.require(resets == count, "some were not told that the log began anew")
    report.require(faults == 0, "events were lost, doubled or out of order")
    report.require(arrivals.max() ?? 0 <= bound, "they came back in a herd")
  }

  private func wait(
    _ timeout: Duration, _ crowd: LoopConfined<ReturningCrowd>,
    _ condition: @escaping @Sendable () -> Bool
  ) async -> Bool {
    let clock = ContinuousClock()
    let deadline = clock.now + timeout
    while clock.now < deadline {
      if await crowd.loop.run(condition) { return true }
      try? await Task.sleep(for: .milliseconds(10))
    }
    return false
  }
}
