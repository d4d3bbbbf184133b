import FanfareRuntime
import Foundation

/// A server with jobs, started for one part of the comparison, and the loop that puts load on it.
struct JobSide: Sendable {
  /// The queue of the load: it hands out whatever is asked for.
  static let queue = "load_queue"
  private static let settings = """
    queues:
      load_queue: { prefetch: 100, concurrency: 1000, lease: 10m }

    """

  let loop: LoadLoop
  let server: ServerProcess
  let client: HTTPClient

  /// Starts a server, runs `part` and ends the server, whatever happens.
  static func with<Value>(
    _ options: ServerOptions, _ part: (JobSide) async throws -> Value
  ) async throws -> Value {
    var options = options
    // What a server says is part of what it costs.
    if options.serverLog == "/dev/null" { options.serverLog = "{folder}/server.log" }
    let server = try ServerProcess.start(options, settings: settings)
    let group = try LoopGroup.start(count: 1)
    let loop = try LoadLoop()
    let result: Result<Value, any Error>
    do {
      let client = HTTPClient(address: server.address, loop: group.loops[0])
      try await server.becomeReady(client)
      result = .success(try await part(JobSide(loop: loop, server: server, client: client)))
    } catch {
      result = .failure(error)
    }
    await loop.stop()
    await group.stop()
    await server.stop()
    return try result.get()
  }

  /// So many connections that enqueue.
  func sources(
    _ count: Int, lines: Int, depth: Int, member: String = ""
  ) async -> [JobSource] {
    let sources = (0..<count).map { _ in
      JobSource(
        loop, to: server.address, queue: Self.queue, lines: lines, depth: depth, member: member)
    }
    await loop.run { for source in sources { source.begin() } }
    return sources
  }

  /// So many workers, each with a connection to lease by and others to report by.
  func sinks(
    _ count: Int, max: Int, wait: Int = 5, reporters: Int = 1, quota: JobQuota
  ) async -> [JobSink] {
    let sinks = (0..<count).map { number in
      JobSink(
        loop, to: server.address, queue: Self.queue, worker: "load-\(number)", max: max,
        wait: wait, reporters: reporters, quota: quota)
    }
    await loop.run { for sink in sinks { sink.begin() } }
    return sinks
  }

  /// Enqueues about `count` jobs, the same number by each of `sources`. Returns how many were
  /// accepted, and the seconds until all were.
  @discardableResult
  func enqueue(
    _ count: Int, by sources: [JobSource]
  ) async throws -> (jobs: Int, seconds: Double) {
    let start = LoadLoop.now
    let before = await loop.run {
      let before = sources.reduce(0) { $0 + $1.accepted }
      for source in sources { source.enqueue(count / sources.count) }
      return before
    }
    try await wait(for: sources) { sources.allSatisfy(\.isQuiet) }
    let (after, end) = await loop.run {
      (sources.reduce(0) { $0 + $1.accepted }, sources.map(\.last).max() ?? start)
    }
    return (after - before, Double(end - start) / 1e9)
  }

  /// Waits until `condition` holds on the loop.
  func wait(
    for loads: [JobLoad], within timeout: Duration = .seconds(300),
    _ condition: @escaping @Sendable () -> Bool
  ) async throws {
    let clock = ContinuousClock()
    let deadline = clock.now + timeout
    while true {
      let (isDone, failure) = await loop.run {
        (condition(), loads.compactMap(\.failure).first)
      }
      if let failure { throw LoadError(failure) }
      if isDone { return }
      guard clock.now < deadline else { throw LoadError("nothing moves any more") }
      try await Task.sleep(for: .milliseconds(2))
    }
  }
}
