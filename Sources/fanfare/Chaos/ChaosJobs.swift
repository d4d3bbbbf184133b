import FanfareRuntime
import FanfareServer
import FoundationEssentials
import Glibc

/// Workers, and a server of its own for them where none is given, which are broken by a plan. What
/// it started dies with the loop that it lives on.
actor ChaosJobs {
  /// Jobs that a worker has at once.
  static let hands = 16

  nonisolated let unownedExecutor: UnownedSerialExecutor
  /// Where the logs, the jobs and what workers have written are.
  nonisolated let ground = ChaosGround()
  /// Where jobs are asked for.
  nonisolated let url: ServerURL
  private let loop: EventLoop
  private var server: ChaosServer?
  private var workers: [ChaosServer]
  private let workerLogs: [String]
  /// What went wrong that nobody had planned.
  private(set) var faults: [String] = []

  /// - Parameters:
  ///   - url: of a server that is there; nil starts one.
  ///   - seed: decides what each worker does.
  init(
    _ plan: JobsPlan, at url: ServerURL?, _ work: VerifyWork, on loop: EventLoop
  ) throws {
    self.loop = loop
    unownedExecutor = loop.asUnownedSerialExecutor()
    let fanfare = try ChaosPrograms.own()
    let environment = ChaosPrograms.environment
    let folder = ground.folder
    if let url {
      self.url = url
    } else {
      let port = try ChaosGround.freePorts(1).first ?? 0
      self.url = try ServerURL("http://127.0.0.1:\(port)")
      server = ChaosServer(
        "the server",
        [
          fanfare, "serve", "--config", folder + "/fanfare.yaml", "--listen", "127.0.0.1:\(port)",
        ], environment: environment, log: folder + "/server.log")
    }
    let place = self.url
    let logs = (0..<plan.workers).map { folder + "/worker-\($0 + 1).log" }
    workerLogs = logs
    workers = logs.enumerated().map { number, log in
      ChaosServer(
        "worker \(number + 1)",
        [
          fanfare, "verify-worker", "--url", "\(place)", "--name", "verify-\(number + 1)",
          "--queue", work.queue, "--task", work.task, "--seed", "\(plan.seed &+ UInt64(number))",
          "--lease", "\(plan.lease.milliseconds)",
        ], environment: environment, log: log)
    }
  }

  /// What the server of a run is set to: short leases and quick retries.
  private static func settings(_ plan: JobsPlan, _ work: VerifyWork, folder: String) -> String {
    """
    heartbeat: 1s
    jobs: { store: sqlite, path: \(folder)/jobs.sqlite }
    queues:
      \(work.queue):
        prefetch: 4
        concurrency: \(hands)
        lease: \(plan.lease.milliseconds)ms
        attempts: 1000
        retry: { base: 1s, cap: 2s }
    namespaces:
      verify: { history: 200000 }

    """
  }

  // MARK: Life

  /// Starts all; returns when the server can be asked for jobs.
  func start(_ plan: JobsPlan, _ work: VerifyWork) async throws {
    try ground.prepare()
    let settings = Self.settings(plan, work, folder: ground.folder)
    try Data(settings.utf8).write(to: URL(filePath: ground.folder + "/fanfare.yaml"))
    if server != nil { try await startServer() }
    for number in workers.indices { try workers[number].start() }
  }

  /// Ends all on the spot.
  func stop() {
    for number in workers.indices { workers[number].kill() }
    server?.kill()
  }

  /// What all workers have written so far, each one's in one text.
  nonisolated func records() throws -> [String] {
    try workerLogs.map { path in
      guard FileManager.default.fileExists(atPath: path) else { return "" }
      return String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
    }
  }

  // MARK: Breaking

  /// Breaks what `plan` says, and mends it. Returns when all is mended, also when cancelled.
  func suffer(_ plan: ChaosPlan, tell: @escaping @Sendable (String) -> Void) async throws {
    try await plan.play(tell: tell) { try await self.suffer($0, lasting: $1) }
  }

  private func suffer(_ fault: ChaosFault, lasting length: Duration) async throws {
    switch fault {
    case .nodeKilled:
      _ = server?.end(SIGKILL)?.waitForEnding()
      try? await Task.sleep(for: length)
      try await startServer()
    case .workerKilled(let number):
      _ = workers[number].end(SIGKILL)?.waitForEnding()
      try? await Task.sleep(for: length)
      try workers[number].start()
    case .workerPaused(let number):
      workers[number].pause()
      try? await Task.sleep(for: length)
      workers[number].resume()
    case .nodePaused, .redisKilled, .redisRestarted, .redisPaused, .commandsCut, .feedsCut: break
    }
  }

  /// Notices what breaks by itself, and starts it again, until cancelled.
  func watch() async {
    while !Task.isCancelled {
      if let ending = server?.unexpectedEnding() {
        faults.append("the server \(ending) by itself")
        try? server?.start()
      }
      for number in workers.indices {
        guard let ending = workers[number].unexpectedEnding() else { continue }
        faults.append("\(workers[number].name) \(ending) by itself")
        try? workers[number].start()
      }
      try? await Task.sleep(for: .milliseconds(100))
    }
  }

  private func startServer() async throws {
    try server?.start()
    var limits = ClientLimits()
    limits.connectTimeout = .seconds(1)
    limits.answerTimeout = .seconds(1)
    try await ground.hold("the server") {
      let client = VerifyClient(url, on: loop, limits: limits)
      let isThere = await client.answersAboutJobs
      await client.close()
      return isThere
    }
  }
}
