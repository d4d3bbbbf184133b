import FanfareActors
import FanfareRuntime
import FanfareServer
import Glibc

/// A Redis and nodes of its own, which are broken by a plan. What it started dies with the loop
/// that it lives on.
actor ChaosCluster {
  nonisolated let unownedExecutor: UnownedSerialExecutor
  /// Where the logs and Redis's files are.
  nonisolated let ground: ChaosGround
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
    let ground = ChaosGround()
    self.ground = ground
    let folder = ground.folder
    var ports = try ChaosGround.freePorts(count + 1)
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

  // MARK: Life

  /// Starts all; returns when all nodes can be followed.
  func start() async throws {
    try ground.prepare()
    try await startRedis()
    for number in nodes.indices { try nodes[number].start() }
    let clock = ContinuousClock()
    let deadline = clock.now + ChaosGround.startTimeout
    for number in nodes.indices {
      while try await answer(of: number) != .followable {
        let ending = nodes[number].unexpectedEnding().map { "it \($0)" }
        guard ending == nil, clock.now < deadline else {
          let name = nodes[number].name
          throw CommandFailure(
            .unavailable,
            "--chaos: \(name) does not start (\(ending ?? "no answer")): \(ground.folder)")
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

  // MARK: Breaking

  /// Breaks what `plan` says, and mends it; `tell` gets a line for each fault. Returns when all is
  /// mended, also when cancelled.
  func suffer(_ plan: ChaosPlan, tell: @escaping @Sendable (String) -> Void) async throws {
    let watching = Task { await self.watch() }
    defer { watching.cancel() }
    try await plan.play(tell: tell) { try await self.suffer($0, lasting: $1) }
  }

  private func suffer(_ fault: ChaosFault, lasting length: Duration) async throws {
    switch fault {
    case .nodeKilled(let number):
      _ = nodes[number].end(SIGKILL)?.waitForEnding()
      try? await Task.sleep(for: length)
      try await startNode(number)
    case .nodePaused(let number):
      nodes[number].pause()
      try? await Task.sleep(for: length)
      nodes[number].resume()
    case .redisKilled, .redisRestarted:
      await end(redis.end(fault == .redisKilled ? SIGKILL : SIGTERM))
      // The system keeps what a killed process has written; a machine that dies does not.
      if fault == .redisKilled, durability == .everysec { synced.loseTheRest() }
      try? await Task.sleep(for: length)
      try await startRedis()
    case .redisPaused:
      redis.pause()
      try? await Task.sleep(for: length)
      redis.resume()
    case .commandsCut: try await askRedis(["client", "kill", "type", "normal"])
    case .feedsCut: try await askRedis(["client", "kill", "type", "pubsub"])
    case .workerKilled, .workerPaused: break
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
      if durability == .everysec { synced.look(in: ground.folder + "/appendonlydir") }
      try? await Task.sleep(for: .milliseconds(100))
    }
  }

  private func startNode(_ number: Int) async throws {
    try nodes[number].start()
    try await ground.hold(nodes[number].name) { try await self.answer(of: number) != .none }
  }

  private func startRedis() async throws {
    try redis.start()
    try await ground.hold(redis.name) { try await self.askRedis(["ping"]) }
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
    let log = Subprocess.Opening.appending(ground.folder + "/redis-cli.log")
    let asking = try Subprocess(
      arguments, environment: programs.environment, openings: [1: log, 2: log])
    return await end(asking) == .status(0)
  }

  @discardableResult
  private func end(_ process: Subprocess?) async -> Subprocess.Ending? {
    guard let process else { return nil }
    let deadline = ContinuousClock.now + ChaosGround.startTimeout
    while ContinuousClock.now < deadline {
      if let ending = process.ending() { return ending }
      guard (try? await Task.sleep(for: .milliseconds(5))) != nil else { break }
    }
    process.signal(SIGKILL)
    return process.waitForEnding()
  }
}
