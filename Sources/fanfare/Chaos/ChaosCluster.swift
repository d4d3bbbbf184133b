import FanfareActors
import FanfareRuntime
import FanfareServer
import FoundationEssentials
import Glibc

/// A Redis and nodes of its own, which are broken by a plan. What it started dies with the loop
/// that it lives on.
actor ChaosCluster {
  /// How long a server may take until it answers.
  private static let startTimeout = Duration.seconds(15)

  nonisolated let unownedExecutor: UnownedSerialExecutor
  /// Where the logs and Redis's files are.
  nonisolated let folder: String
  /// Where the nodes are.
  nonisolated let urls: [ServerURL]
  private let loop: EventLoop
  private let programs: ChaosPrograms
  private let redisPort: UInt16
  private let durability: ChaosDurability
  private var redis: ChaosServer
  private var nodes: [ChaosServer]
  /// What Redis has certainly synced.
  private var synced = ChaosSyncedFile()
  /// What went wrong that nobody had planned.
  private(set) var faults: [String] = []

  init(nodes count: Int, _ durability: ChaosDurability, on loop: EventLoop) throws {
    self.loop = loop
    self.durability = durability
    unownedExecutor = loop.asUnownedSerialExecutor()
    let found = try ChaosPrograms()
    programs = found
    let folder =
      FileManager.default.temporaryDirectory.path
      + "/fanfare-chaos-" + String(UInt64.random(in: .min ... .max), radix: 36)
    self.folder = folder
    var ports: Set<UInt16> = []
    while ports.count <= count { ports.insert(try Self.freePort()) }
    let redisPort = ports.removeFirst()
    self.redisPort = redisPort
    urls = try ports.map { port in try ServerURL("http://127.0.0.1:\(port)") }
    redis = ChaosServer(
      "Redis",
      [
        found.redisServer, "--port", "\(redisPort)", "--bind", "127.0.0.1", "--dir", folder,
        "--save", "", "--daemonize", "no",
      ] + durability.arguments,
      environment: found.environment, log: folder + "/redis.log")
    nodes = ports.enumerated().map { number, port in
      // Dead streams and a dead Redis are noticed within the faults' own time.
      let arguments = [
        found.fanfare, "serve", "--config", "/dev/null", "--listen", "127.0.0.1:\(port)",
        "--set", "backplane=redis", "redis.url=redis://127.0.0.1:\(redisPort)/0",
        "redis.answer-timeout=2s", "heartbeat=1s",
      ]
      return ChaosServer(
        "node \(number + 1)", arguments, environment: found.environment,
        log: folder + "/node-\(number + 1).log")
    }
  }

  /// Below the ports that the kernel gives to clients, which could be taken before a restart.
  private static func freePort() throws -> UInt16 {
    for _ in 0..<100 {
      let port = UInt16.random(in: 12_000..<32_000)
      let address = try SocketAddress.resolve(host: "127.0.0.1", port: port)
      if (try? Listener.probe(address)) != nil { return port }
    }
    throw CommandFailure(.unavailable, "--chaos finds no free port")
  }

  // MARK: Life

  /// Starts all; returns when all nodes can be followed.
  func start() async throws {
    try FileManager.default.createDirectory(
      atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    try await startRedis()
    for number in nodes.indices { try nodes[number].start() }
    let clock = ContinuousClock()
    let deadline = clock.now + Self.startTimeout
    for number in nodes.indices {
      while try await answer(of: number) != .followable {
        let ending = nodes[number].unexpectedEnding().map { "it \($0)" }
        guard ending == nil, clock.now < deadline else {
          let name = nodes[number].name
          throw CommandFailure(
            .unavailable, "--chaos: \(name) does not start (\(ending ?? "no answer")): \(folder)")
        }
        try await Task.sleep(for: .milliseconds(50))
      }
    }
  }

  /// Ends all on the spot.
  func stop() {
    for number in nodes.indices { nodes[number].kill() }
    redis.kill()
  }

  /// Removes the folder.
  nonisolated func clean() { try? FileManager.default.removeItem(atPath: folder) }

  // MARK: Breaking

  /// Breaks what `plan` says, and mends it; `tell` gets a line for each fault. Returns when all is
  /// mended, also when cancelled.
  func suffer(_ plan: ChaosPlan, tell: @escaping @Sendable (String) -> Void) async throws {
    let start = ContinuousClock.now
    let watching = Task { await self.watch() }
    defer { watching.cancel() }
    async let nodes: Void = suffer(plan.nodes, since: start, tell)
    try await suffer(plan.redis, since: start, tell)
    try await nodes
  }

  private func suffer(
    _ steps: [ChaosPlan.Step], since start: ContinuousClock.Instant,
    _ tell: @Sendable (String) -> Void
  ) async throws {
    for step in steps {
      try await Task.sleep(until: start + step.start, clock: .continuous)
      tell(step.text)
      switch step.fault {
      case .nodeKilled(let number):
        _ = nodes[number].end(SIGKILL)?.waitForEnding()
        try? await Task.sleep(for: step.length)
        try await startNode(number)
      case .nodePaused(let number):
        nodes[number].pause()
        try? await Task.sleep(for: step.length)
        nodes[number].resume()
      case .redisKilled, .redisRestarted:
        await end(redis.end(step.fault == .redisKilled ? SIGKILL : SIGTERM))
        // The system keeps what a killed process has written; a machine that dies does not.
        if step.fault == .redisKilled, durability == .everysec { synced.loseTheRest() }
        try? await Task.sleep(for: step.length)
        try await startRedis()
      case .redisPaused:
        redis.pause()
        try? await Task.sleep(for: step.length)
        redis.resume()
      case .commandsCut: try await askRedis(["client", "kill", "type", "normal"])
      case .feedsCut: try await askRedis(["client", "kill", "type", "pubsub"])
      }
    }
  }

  /// Notices what breaks by itself, and starts it again.
  private func watch() async {
    while !Task.isCancelled {
      for number in nodes.indices {
        guard let ending = nodes[number].unexpectedEnding() else { continue }
        faults.append("\(nodes[number].name) \(ending) by itself")
        try? nodes[number].start()
      }
      if let ending = redis.unexpectedEnding() {
        faults.append("Redis \(ending) by itself")
        try? redis.start()
      }
      if durability == .everysec { synced.look(in: folder + "/appendonlydir") }
      try? await Task.sleep(for: .milliseconds(100))
    }
  }

  private func startNode(_ number: Int) async throws {
    try nodes[number].start()
    try await hold(nodes[number].name) { try await self.answer(of: number) != .none }
  }

  private func startRedis() async throws {
    try redis.start()
    try await hold(redis.name) { try await self.askRedis(["ping"]) }
  }

  /// Waits until a server that was just started answers.
  private func hold(_ name: String, until isThere: () async throws -> Bool) async throws {
    let deadline = ContinuousClock.now + Self.startTimeout
    while try await !isThere() {
      guard ContinuousClock.now < deadline else {
        throw CommandFailure(.unavailable, "--chaos: \(name) does not start: \(folder)")
      }
      try await Task.sleep(for: .milliseconds(20))
    }
  }

  // MARK: Asking

  private enum Answer {
    case none
    /// It listens, but cannot promise anything yet.
    case listening
    case followable
  }

  private func answer(of number: Int) async throws -> Answer {
    guard let channel = ChannelName("verify:chaos") else { return .none }
    var limits = ClientLimits()
    limits.connectTimeout = .seconds(1)
    limits.answerTimeout = .seconds(1)
    let poll = PollFollower(urls[number], [channel], on: loop, limits: limits)
    var answer = Answer.followable
    do throws(ClientError) {
      _ = try await poll.next()
    } catch .unreachable {
      answer = .none
    } catch {
      answer = .listening
    }
    await poll.close()
    return answer
  }

  /// Whether Redis answers a command without an error.
  @discardableResult
  private func askRedis(_ words: [String]) async throws -> Bool {
    let arguments = [programs.redisCLI, "-e", "-h", "127.0.0.1", "-p", "\(redisPort)"] + words
    let log = Subprocess.Opening.appending(folder + "/redis-cli.log")
    let asking = try Subprocess(
      arguments, environment: programs.environment, openings: [1: log, 2: log])
    return await end(asking) == .status(0)
  }

  @discardableResult
  private func end(_ process: Subprocess?) async -> Subprocess.Ending? {
    guard let process else { return nil }
    let deadline = ContinuousClock.now + Self.startTimeout
    while ContinuousClock.now < deadline {
      if let ending = process.ending() { return ending }
      guard (try? await Task.sleep(for: .milliseconds(5))) != nil else { break }
    }
    process.signal(SIGKILL)
    return process.waitForEnding()
  }
}
