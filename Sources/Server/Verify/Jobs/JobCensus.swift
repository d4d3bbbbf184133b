import FanfareRuntime

/// Asks a server about many jobs, over several connections.
actor JobCensus {
  private static let connections = 16

  nonisolated let unownedExecutor: UnownedSerialExecutor
  private let loop: EventLoop
  private let clients: [VerifyClient]
  /// Dead jobs that were queued once more.
  private(set) var revived = 0
  private(set) var faults: [String] = []

  init(_ server: ServerURL, on loop: EventLoop, _ limits: ClientLimits) {
    self.loop = loop
    unownedExecutor = loop.asUnownedSerialExecutor()
    clients = (0..<Self.connections).map { _ in
      VerifyClient(server, on: loop, limits: limits)
    }
  }

  /// When the machine's monotonic clock was 0, in milliseconds since 1970.
  var boot: Int64 {
    loop.wallMilliseconds() - Int64(loop.refreshNow().nanoseconds / 1_000_000)
  }

  func close() async {
    for client in clients { await client.close() }
  }

  /// Waits until all jobs have succeeded; one whose workers died too often is queued once more.
  /// Returns whether they have.
  func follow(_ jobs: [String], until deadline: ContinuousClock.Instant) async throws -> Bool {
    var open = jobs
    while true {
      open = try await each(open) { client, id throws(ClientError) in
        try await self.isOpen(id, client) ? id : nil
      }
      guard !open.isEmpty else { return true }
      guard ContinuousClock.now < deadline else { return false }
      try await Task.sleep(for: .milliseconds(100))
    }
  }

  /// What has become of all jobs.
  func outcomes(_ jobs: [String]) async throws -> [String: JobOutcome] {
    let found = try await each(jobs) { client, id throws(ClientError) in
      try await self.outcome(id, client).map { (id, $0) }
    }
    return Dictionary(found) { first, _ in first }
  }

  private func isOpen(_ id: String, _ client: VerifyClient) async throws(ClientError) -> Bool {
    guard case .done(let job) = try await client.get("/jobs/\(id)") else {
      fail("job \(id) was accepted and is not there")
      return false
    }
    guard job.string("state") == "dead" else { return job.string("state") != "succeeded" }
    if case .done = try await client.post("/jobs/\(id)/retry", Array("{}".utf8)) { revived += 1 }
    return true
  }

  private func outcome(
    _ id: String, _ client: VerifyClient
  ) async throws(ClientError) -> JobOutcome? {
    // More than a job of a verification comes to have.
    guard case .done(let job) = try await client.get("/jobs/\(id)"),
      case .done(let events) = try await client.get("/jobs/\(id)/events?after=oldest&limit=1000")
    else { return nil }
    guard let outcome = JobOutcome(job, events: events) else {
      fail("job \(id): its events are not numbered from 1 without a hole")
      return nil
    }
    return outcome
  }

  /// Asks about each job until there is an answer.
  private func each<Value: Sendable>(
    _ jobs: [String],
    _ ask: @escaping @Sendable (VerifyClient, String) async throws(ClientError) -> Value?
  ) async throws -> [Value] {
    try await withThrowingTaskGroup(of: [Value].self) { tasks in
      for (number, client) in clients.enumerated() {
        tasks.addTask {
          var values: [Value] = []
          for index in stride(from: number, to: jobs.count, by: Self.connections) {
            if let value = try await Self.answered({ () throws(ClientError) in
              try await ask(client, jobs[index])
            }) {
              values.append(value)
            }
          }
          return values
        }
      }
      var all: [Value] = []
      for try await values in tasks { all += values }
      return all
    }
  }

  private static func answered<Value>(
    _ ask: () async throws(ClientError) -> Value?
  ) async throws -> Value? {
    for _ in 0..<100 {
      do {
        return try await ask()
      } catch {
        guard error.mayPass else { throw error }
        try await Task.sleep(for: .milliseconds(100))
      }
    }
    return try await ask()
  }

  private func fail(_ fault: String) {
    if faults.count < 20 { faults.append(fault) }
  }
}
