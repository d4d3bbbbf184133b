import ArgumentParser
import FanfareRuntime

/// What every scenario stands on: a loop of the load side, a crowd and a publisher.
struct LoadSide: Sendable {
  /// The channel of a crowd that has one.
  static let channel = "load:bench"
  /// The address of the follower that never reads, by which it is found among all connections.
  static let stalledHost = "127.0.0.200"
  private static let stallTimeout = Duration.seconds(20)
  /// More than any pass leaves open for a moment.
  private static let stallLag = 300
  /// More than the buffers of one socket on a loopback hold.
  private static let stallBytes = 16 * 1024 * 1024

  private let group: LoopGroup
  let loop: LoadLoop
  let client: HTTPClient
  let crowd: Crowd
  let publisher: Publisher

  /// The load side of the server at `address`; nothing is connected yet.
  ///
  /// - Parameter publishing: the server that is published to, where it is another.
  init(
    address: SocketAddress, dataBytes: Int, channels: Int = 1, transport: Transport = .sse,
    dialect: Dialect = .fanfare, publishingTo publishing: SocketAddress? = nil
  ) async throws {
    ProcessStatistics.raiseDescriptorLimit()
    group = try LoopGroup.start(count: 1)
    loop = try LoadLoop()
    let names = channels == 1 ? [Self.channel] : (0..<channels).map { "load:\(1_000 + $0)" }
    let crowd = Crowd(
      address: address, channels: names, transport: transport, dialect: dialect, loop: loop)
    let publisher = Publisher(
      crowd, channels: names, dataBytes: dataBytes, to: publishing ?? address)
    client = HTTPClient(address: address, loop: group.loops[0])
    self.crowd = crowd
    self.publisher = publisher
    await loop.run {
      crowd.begin()
      publisher.begin()
    }
  }

  /// Starts a server, runs `scenario` and ends the server, whatever happens.
  static func with<Value>(
    _ options: ServerOptions, dataBytes: Int, channels: Int = 1, transport: Transport = .sse,
    publishingTo publishing: SocketAddress? = nil,
    _ scenario: (LoadSide, ServerProcess) async throws -> Value
  ) async throws -> Value {
    let server = try ServerProcess.start(options)
    let side: LoadSide
    let result: Result<Value, any Error>
    do {
      side = try await LoadSide(
        address: server.address, dataBytes: dataBytes, channels: channels, transport: transport,
        dialect: options.dialect, publishingTo: publishing)
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
    // The followers first: a server that is told to end lets those who are there go slowly.
    await side.stop()
    await server.stop()
    return try result.get()
  }

  /// Closes every connection and ends the loop.
  func stop() async {
    await loop.run {
      crowd.disconnect()
      publisher.close()
    }
    await loop.stop()
    await group.stop()
  }

  /// Connects the followers. Returns the seconds until all were attached.
  func connect(_ followers: Int, within timeout: Duration = .seconds(60)) async throws -> Double {
    guard followers > 0 else { return 0 }
    let limit = ProcessStatistics.raiseDescriptorLimit()
    guard followers + 64 <= limit else {
      throw ValidationError(
        "\(followers) followers need \(followers + 64) descriptors; the hard limit is \(limit).")
    }
    let start = LoadLoop.now
    await loop.run { crowd.connect(followers) }
    let isDone = await wait(timeout, every: .milliseconds(2)) {
      crowd.attachedCount == followers || crowd.endedCount > 0
    }
    let (ended, error, end) = await loop.run {
      (crowd.endedCount, crowd.firstError, crowd.lastAttached)
    }
    guard isDone, ended == 0 else {
      throw ValidationError(
        "followers could not attach: \(ended) ended\(error.map { ", \($0)" } ?? "")")
    }
    return Double(end - start) / 1e9
  }

  /// Connects a follower that never reads, and publishes until the server says that it is behind.
  func stall() async throws {
    await loop.run {
      crowd.connectDeaf(host: 200)
      publisher.arrival = .answered
      publisher.window = 64
      publisher.publish(.max)
    }
    let clock = ContinuousClock()
    let deadline = clock.now + Self.stallTimeout
    while clock.now < deadline {
      let stalled = try await OpenConnection.first(from: Self.stalledHost, client)
      if let stalled, stalled.lag > Self.stallLag { break }
      if await loop.run({ publisher.failure != nil }) { break }
      try await Task.sleep(for: .milliseconds(20))
    }
    await loop.run { publisher.stop() }
    _ = await wait(.seconds(5), every: .milliseconds(5)) { publisher.isQuiet }
  }

  /// The same for a server that says nothing: publishes more than the socket's buffers can hold.
  func stallBlindly() async {
    await loop.run {
      let dataBytes = publisher.dataBytes
      crowd.connectDeaf(host: 200)
      publisher.dataBytes = 8 * 1024
      publisher.arrival = .answered
      publisher.window = 8
      publisher.publish(UInt64(Self.stallBytes / publisher.dataBytes))
      publisher.dataBytes = dataBytes
    }
    _ = await wait(Self.stallTimeout, every: .milliseconds(5)) {
      publisher.left == 0 && publisher.isQuiet
    }
  }

  /// Publishes `count` events. Returns the seconds until every follower had them, `nil` if some
  /// did not within `timeout`.
  func publish(_ count: UInt64, window: Int, within timeout: Duration) async -> Double? {
    let clock = ContinuousClock()
    let start = clock.now
    await loop.run {
      publisher.window = window
      publisher.publish(count)
    }
    let isDone = await wait(timeout, every: .milliseconds(1)) { hasSettled }
    return isDone ? (clock.now - start).inSeconds : nil
  }

  /// Lets what is on its way arrive. Returns whether it did.
  func settle(within timeout: Duration) async -> Bool {
    await loop.run { publisher.stop() }
    return await wait(timeout, every: .milliseconds(5)) { hasSettled }
  }

  /// Whether all that was published has reached all followers. On the loop.
  private var hasSettled: Bool {
    publisher.left == 0 && publisher.isQuiet
      && (crowd.attachedCount == 0 || crowd.seenByAll == publisher.head)
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

  /// The verdict of the crowd, and what went wrong.
  func close() async -> (audit: SequenceAudit, refused: UInt64, faults: [String]) {
    await loop.run {
      var faults: [String] = []
      let audit = crowd.audit(expecting: publisher.heads)
      if !audit.isFaultless { faults.append("events were lost, doubled or out of order") }
      if crowd.endedCount > 0 { faults.append("\(crowd.endedCount) followers were disconnected") }
      if let failure = publisher.failure { faults.append(failure) }
      return (audit, publisher.refused, faults)
    }
  }
}
