import FanfareActors
import FanfareRuntime
import FanfareServer

/// A server in this process on a free port, with what a test needs to touch it from outside.
package struct ServerUnderTest: Sendable {
  package let server: FanfareServer
  package let port: UInt16
  package let log: CapturedLog

  /// Starts a server whose settings are the defaults but for what `change` does to them.
  ///
  /// - Parameters:
  ///   - backplane: what it runs over; by default what its settings name.
  ///   - prepare: what is done with the server before it starts.
  package static func start(
    _ change: (inout Settings) -> Void = { _ in }, over backplane: (any Backplane)? = nil,
    prepare: (FanfareServer) throws -> Void = { _ in }
  ) async throws -> ServerUnderTest {
    var settings = Settings()
    settings.listen = ListenAddress(host: "127.0.0.1", port: 0)
    // Two, so that everything is tried across loops whatever the machine has.
    settings.loops = .exactly(2)
    // Nothing is left in the working directory; a test of jobs says where they are kept.
    settings.jobs.store = .off
    change(&settings)
    let log = CapturedLog()
    let server: FanfareServer
    if let backplane {
      server = try FanfareServer(settings, logger: log.logger) { _, _, _ in backplane }
    } else {
      server = try FanfareServer(settings, logger: log.logger)
    }
    try prepare(server)
    try await server.start()
    guard let port = server.address?.split(separator: ":").last.flatMap({ UInt16($0) }) else {
      throw ClientFailure.malformed("address \(server.address ?? "none")")
    }
    return ServerUnderTest(server: server, port: port, log: log)
  }

  package func stop() async { await server.stop() }

  /// Runs `body` with a server that is stopped afterwards, whatever happened. `body` has a thread
  /// of its own, which it may block.
  package static func run(
    _ change: (inout Settings) -> Void = { _ in }, over backplane: (any Backplane)? = nil,
    _ body: (ServerUnderTest) async throws -> Void
  ) async throws {
    try await onThread {
      let server = try await start(change, over: backplane)
      do {
        try await body(server)
      } catch {
        await server.stop()
        throw error
      }
      await server.stop()
    }
  }

  /// Runs `body`, which starts its servers itself, in its turn and on a thread that it may block.
  package static func onThread(_ body: () async throws -> Void) async throws {
    await Turnstile.shared.enter()
    let thread = TestThread()
    let result: Result<Void, any Error>
    do {
      try await withTaskExecutorPreference(thread) { try await body() }
      result = .success(())
    } catch {
      result = .failure(error)
    }
    thread.finish()
    await Turnstile.shared.leave()
    try result.get()
  }

  // MARK: Clients

  package func connect(receiveBufferBytes: Int? = nil) throws -> TestConnection {
    try TestConnection(port: port, receiveBufferBytes: receiveBufferBytes)
  }

  package func stream(
    _ target: String, _ fields: [String] = [], receiveBufferBytes: Int? = nil
  ) throws -> TestEventStream {
    try TestEventStream(
      port: port, target, ["Accept: text/event-stream"] + fields,
      receiveBufferBytes: receiveBufferBytes)
  }

  /// Opens a WebSocket; `first` leaves in the same packet as the handshake.
  package func webSocket(
    _ target: String = "/ws", _ fields: [String] = [], first: [UInt8] = [],
    receiveBufferBytes: Int? = nil
  ) throws -> TestWebSocket {
    try TestWebSocket(
      port: port, target, fields, first: first, receiveBufferBytes: receiveBufferBytes)
  }

  /// One request on a connection of its own.
  package func ask(
    _ method: String, _ target: String, _ fields: [String] = [], body: String? = nil
  ) throws -> HTTPAnswer {
    try connect().ask(method, target, fields, body: body)
  }

  /// A read of events as JSON.
  package func read(_ target: String) throws -> EventsBody {
    try ask("GET", target, ["Accept: application/json"]).events
  }

  // MARK: What operators see

  package func metrics() throws -> PrometheusPage {
    let answer = try ask("GET", "/metrics")
    guard answer.status == 200 else { throw ClientFailure.malformed(answer.statusLine) }
    return try PrometheusPage(answer.text)
  }

  /// What `GET /connections` says of the streams, oldest first.
  package func streams() throws -> [ConnectionBody] {
    let all: ConnectionsBody = try ask("GET", "/connections?limit=1000").json()
    return all.connections.filter { $0.transport == "sse" }
  }

  /// Whether the server soon counts `value` under `name`: a client may see its end before it.
  package func counts(_ name: String, _ value: Double) async throws -> Bool {
    try await Deadline().holds { try metrics()[name] == value }
  }

  /// Whether the server is ready, and holds no connection but the one that asks and `others`.
  package func isIdle(but others: Int = 0) async throws -> Bool {
    try await Deadline().holds {
      guard try ask("GET", "/readyz").status == 200 else { return false }
      return try metrics().sum("fanfare_connections") == Double(1 + others)
    }
  }
}
