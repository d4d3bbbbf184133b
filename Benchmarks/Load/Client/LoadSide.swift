import ArgumentParser
import FanfareRuntime

/// What every scenario stands on: a loop of the load side, a crowd and a publisher.
struct LoadSide: Sendable {
  static let channel = "load:bench"
  /// The address of the follower that never reads, by which it is found among all connections.
  static let stalledHost = "127.0.0.200"
  private static let stallTimeout = Duration.seconds(20)
  /// More than any pass leaves open for a moment.
  private static let stallLag = 300

  private let group: LoopGroup
  let loop: EventLoop
  let client: HTTPClient
  let crowd: LoopConfined<Crowd>
  let publisher: LoopConfined<Publisher>

  /// The load side of the server at `address`; nothing is connected yet.
  init(address: SocketAddress, dataBytes: Int) throws(RuntimeError) {
    ProcessStatistics.raiseDescriptorLimit()
    group = try LoopGroup.start(count: 1)
    loop = group.loops[0]
    let crowd = Crowd(address: address, channel: Self.channel, loop: loop)
    let publisher = Publisher(crowd, channel: Self.channel, dataBytes: dataBytes)
    client = HTTPClient(address: address, loop: loop)
    self.crowd = LoopConfined(crowd, to: loop)
    self.publisher = LoopConfined(publisher, to: loop)
  }

  /// Starts a server, runs `scenario` and ends the server, whatever happens.
  static func with(
    _ options: ServerOptions, dataBytes: Int,
    _ scenario: (LoadSide, ServerProcess) async throws -> Report
  ) async throws {
    let server = try ServerProcess.start(options)
    let side: LoadSide
    let result: Result<Report, any Error>
    do {
      side = try LoadSide(address: server.address, dataBytes: dataBytes)
    } catch {
      await server.stop()
      throw error
    }
    do {
      try await server.becomeReady(side.client)
      result = .success(try await scenario(side, server))
    } catch {
      result = .failure(error)
    }
    await server.stop()
    await side.stop()
    let report = try result.get()
    report.write()
    if !report.faults.isEmpty { throw ExitCode(1) }
  }

  /// Closes every connection and ends the loop.
  func stop() async { await group.stop() }

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

  /// Connects a follower that never reads, and publishes until the buffers of its socket are full:
  /// on a loopback they hold megabytes.
  func stall() async throws {
    let source = try SocketAddress.resolve(host: Self.stalledHost, port: 0)
    await loop.run {
      crowd.get.connectDeaf(from: source)
      publisher.get.arrival = .answered
      publisher.get.window = 64
      publisher.get.publish(.max)
    }
    let clock = ContinuousClock()
    let deadline = clock.now + Self.stallTimeout
    while clock.now < deadline {
      let stalled = try await OpenConnection.first(from: Self.stalledHost, client)
      if let stalled, stalled.lag > Self.stallLag { break }
      if await loop.run({ publisher.get.failure != nil }) { break }
      try await Task.sleep(for: .milliseconds(20))
    }
    await loop.run { publisher.get.stop() }
    _ = await wait(.seconds(5), every: .milliseconds(5)) { publisher.get.isQuiet }
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
