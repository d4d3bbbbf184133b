import ArgumentParser
import FanfareRuntime

/// What every scenario stands on: a server, a loop of the load side, a crowd and a publisher.
struct LoadRun: Sendable {
  static let channel = "load:bench"

  let server: ServerProcess
  let loop: EventLoop
  let client: HTTPClient
  let crowd: LoopConfined<Crowd>
  let publisher: LoopConfined<Publisher>

  /// Starts a server, runs `scenario` and ends the server, whatever happens.
  static func with(
    _ options: ServerOptions, dataBytes: Int, _ scenario: (LoadRun) async throws -> Report
  ) async throws {
    ProcessStatistics.raiseDescriptorLimit()
    let group = try LoopGroup.start(count: 1)
    let server = try ServerProcess.start(options)
    let loop = group.loops[0]
    let crowd = Crowd(address: server.address, channel: channel, loop: loop)
    let publisher = Publisher(crowd, channel: channel, dataBytes: dataBytes)
    let run = LoadRun(
      server: server, loop: loop, client: HTTPClient(address: server.address, loop: loop),
      crowd: LoopConfined(crowd, to: loop), publisher: LoopConfined(publisher, to: loop))
    let result: Result<Report, any Error>
    do {
      try await server.becomeReady(run.client)
      try await run.connectPublisher()
      result = .success(try await scenario(run))
    } catch {
      result = .failure(error)
    }
    await server.stop()
    await group.stop()
    let report = try result.get()
    report.write()
    if !report.faults.isEmpty { throw ExitCode(1) }
  }

  /// Connects the followers. Returns the seconds until all followers were
  /// attached.
  func connect(_ followers: Int, within timeout: Duration = .seconds(60)) async throws -> Double {
    let limit = ProcessStatistics.raiseDescriptorLimit()
    guard followers + 64 <= limit else {
      throw ValidationError(
        "\(followers) followers need \(followers + 64) descriptors; the hard limit is \(limit).")
    }
    let count = (followers - 1) / Crowd.followersPerSource + 1
    let sources = try (0..<count).map {
      try SocketAddress.resolve(host: "127.0.0.\(2 + $0)", port: 0)
    }
    let clock = ContinuousClock()
    let start = clock.now
    await loop.run { crowd.get.connect(followers, from: sources) }
    let isDone = await wait(timeout, every: .milliseconds(2)) {
      crowd.get.attachedCount == followers || crowd.get.endedCount > 0
    }
    let elapsed = (clock.now - start).inSeconds
    let (ended, error) = await loop.run { (crowd.get.endedCount, crowd.get.firstError) }
    guard isDone, ended == 0 else {
      throw ValidationError(
        "followers could not attach: \(ended) ended\(error.map { ", \($0)" } ?? "")")
    }
    return elapsed
  }

  private func connectPublisher() async throws {
    let result = await loop.run {
      Result { () throws(RuntimeError) in try publisher.get.connect() }
    }
    try result.get()
  }

  /// Publishes `count` events. Returns the seconds until every follower had them, `nil` if some
  /// did not within `timeout`.
  func publish(_ count: UInt64, window: Int, within timeout: Duration) async -> Double? {
    let clock = ContinuousClock()
    let start = clock.now
    await loop.run {
      publisher.get.window = window
      publisher.get.publish(count)
    }
    let isDone = await wait(timeout, every: .milliseconds(1)) { hasSettled }
    return isDone ? (clock.now - start).inSeconds : nil
  }

  /// Lets what is on its way arrive. Returns whether it did.
  func settle(within timeout: Duration) async -> Bool {
    await loop.run { publisher.get.stop() }
    return await wait(timeout, every: .milliseconds(5)) { hasSettled }
  }

  /// Whether all that was published has reached all followers. On the loop.
  private var hasSettled: Bool {
    let publisher = publisher.get
    return publisher.left == 0 && publisher.isQuiet && crowd.get.seenByAll == publisher.head
  }

  /// Asks `condition` on the loop again and again. Returns whether it came to hold.
  func wait(
    _ timeout: Duration, every pause: Duration, _ condition: @escaping @Sendable () -> Bool
  ) async -> Bool {
    let clock = ContinuousClock()
    let deadline = clock.now + timeout
    while true {
      if await loop.run(condition) { return true }
      guard clock.now < deadline else { return false }
      try? await Task.sleep(for: pause)
    }
  }

  /// Adds the verdict of the crowd, and what the publisher met.
  func close(_ report: inout Report) async {
    let (audit, ended, refused, failure) = await loop.run {
      let head = publisher.get.head
      return (
        crowd.get.audit(expecting: head), crowd.get.endedCount, publisher.get.refused,
        publisher.get.failure
      )
    }
    report.add(audit)
    report.add("refused", refused, "events")
    report.require(ended == 0, "\(ended) followers were disconnected")
    if let failure { report.require(false, failure) }
  }
}
