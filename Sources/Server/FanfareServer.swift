import FanfareActors
import FanfareBackplane
import FanfareRuntime
import Logging

/// A whole Fanfare node inside a Swift program.
///
///     let server = try FanfareServer()
///     try await server.start()
///     try await server.publish(.agentStarted, #"{"agent":7}"#, to: "project:42")
///     for try await item in try server.follow(["project:42"], from: .oldest) {
///       if case .event(let event) = item { print(event.type, event.position) }
///     }
///     await server.stop()
///
/// Start it once and stop it once; every call may come from any task.
public final class FanfareServer: Sendable {
  /// Makes the backplane of a node that runs on these loops.
  package typealias BackplaneMaker =
    @Sendable ([EventLoop], Limits, Namespaces) -> any Backplane
  /// Makes the store of a node that runs on these loops.
  package typealias JobStoreMaker = @Sendable ([EventLoop], JobStoreSettings) -> any JobStore

  private enum State {
    case new
    case starting
    case running(Node)
    /// What runs is finished, and may still ask for jobs.
    case stopping(Node)
    case stopped
  }

  /// What exists while the server runs.
  private struct Node: Sendable {
    let group: LoopGroup
    let hub: Hub
    let backplane: any Backplane
    let jobs: JobsNode?
    let view: NodeView
    let address: SocketAddress
  }

  /// How long ``stop()`` waits after the drain window for answers that are under way.
  private static let stopTimeout = Duration.seconds(5)

  /// The settings that the server was made with.
  public let settings: Settings
  let logger: Logger
  /// `nil`: as the settings say.
  private let makeBackplane: BackplaneMaker?
  /// `nil`: as the settings say.
  let makeStore: JobStoreMaker?
  /// What is done in this process; see ``handle(_:in:)``.
  let handlers = Locked<LocalWorkers.Tasks>([:])
  private let state: Locked<State>

  /// A server that is not started yet.
  ///
  /// - Parameter logger: where it logs; by default the standard error stream, as the settings say.
  /// - Throws: ``SettingsError`` when the settings contradict themselves.
  public convenience init(
    _ settings: Settings = Settings(), logger: Logger? = nil
  ) throws(SettingsError) {
    try self.init(settings, logger: logger, backplane: nil)
  }

  /// A server over another backplane, or with another store of jobs, than the settings name.
  package init(
    _ settings: Settings, logger: Logger?, backplane: BackplaneMaker?,
    jobs: JobStoreMaker? = nil
  ) throws(SettingsError) {
    try settings.validate()
    self.settings = settings
    self.logger = logger ?? Logger.fanfare(settings)
    makeBackplane = backplane
    makeStore = jobs
    state = Locked(.new)
  }

  // MARK: Life

  /// Starts the loops and listens.
  ///
  /// - Throws: ``ServerError/cannotListen(_:)`` when the address is taken or not this machine's;
  ///   ``ServerError/startedTwice``.
  public func start() async throws(ServerError) {
    let isFirst = state.withLock { state in
      guard case .new = state else { return false }
      state = .starting
      return true
    }
    guard isFirst else { throw .startedTwice }
    ProcessStatistics.raiseDescriptorLimit()
    let group: LoopGroup
    do {
      group = try LoopGroup.start(
        count: settings.loops.loops(cores: LoopGroup.coreCount))
    } catch {
      throw .cannotStart("\(error)")
    }
    do throws(ServerError) {
      let node = try await open(group)
      state.withLock { $0 = .running(node) }
      logger.info(
        "listening",
        metadata: [
          "address": "\(node.address.text)", "loops": "\(group.loops.count)",
          "backplane": "\(backplaneText)",
        ])
    } catch {
      await group.stop()
      state.withLock { $0 = .stopped }
      throw error
    }
  }

  private func open(_ group: LoopGroup) async throws(ServerError) -> Node {
    let namespaces = Namespaces(
      configured: settings.namespaces, defaults: settings.namespaceDefaults)
    let connections = NodeConnections()
    let start = group.loops[0].wallMilliseconds()
    let identity = NodeIdentity(startMilliseconds: start, connections: connections)
    let cluster = makeBackplane == nil ? try cluster(group.loops, namespaces, identity) : nil
    let base: any Backplane =
      makeBackplane?(group.loops, settings.limits, namespaces) ?? cluster?.backplane
      ?? LocalBackplane(loops: group.loops, limits: settings.limits, namespaces: namespaces)
    let store = try jobStore(group.loops)
    let channels = store.map { JobChannels(over: base, store: $0, loops: group.loops) }
    let backplane: any Backplane = channels ?? base
    let hub = Hub(
      loops: group.loops, backplane: backplane, limits: settings.limits,
      namespaces: namespaces)
    // First, so that the loops hear what the backplane says of itself when it is connected.
    hub.start()
    backplane.connect(to: hub)
    let jobs = jobsNode(
      store, channels, group.loops, hub, outlives: cluster != nil || makeBackplane != nil)
    let view = NodeView(
      hub: hub, connections: connections, identity: identity, cluster: cluster, jobs: jobs,
      startMilliseconds: start)
    try await begin(jobs)
    do throws(ServerError) {
      let address = try await listen(group.loops, view)
      identity.listens(on: address.text)
      backplane.start()
      try await startWorkers(of: jobs, identity)
      return Node(
        group: group, hub: hub, backplane: backplane, jobs: jobs, view: view, address: address)
    } catch {
      await jobs?.stop()
      throw error
    }
  }

  /// Listens on every loop. Returns where.
  private func listen(
    _ loops: [EventLoop], _ view: NodeView
  ) async throws(ServerError) -> SocketAddress {
    // A free port is chosen once; the other loops then share it.
    var address = try resolve(settings.listen.port)
    for (loop, hubLoop) in zip(loops, view.hub.hubLoops) {
      let site = try LoopConfined(
        LoopSite(
          loop: loop, hubLoop: hubLoop,
          admission: admission(port: Int(address.port), keepsJobs: view.jobs != nil),
          events: EventsAPI(hub: view.hub), operators: OperatorAPI(node: view),
          jobs: view.jobs.map { JobsAPI(node: $0, limits: settings.limits) },
          node: view.connections, logger: logger), to: loop)
      address = try await listen(site, address)
      view.add(site)
    }
    return address
  }

  private func resolve(_ port: Int) throws(ServerError) -> SocketAddress {
    do {
      let address = try SocketAddress.resolve(
        host: settings.listen.bindHost, port: UInt16(clamping: port))
      if port != 0 { try Listener.probe(address) }
      return address
    } catch {
      throw .cannotListen("\(error)")
    }
  }

  private func listen(
    _ site: LoopConfined<LoopSite>, _ address: SocketAddress
  ) async throws(ServerError) -> SocketAddress {
    let result = await site.loop.run { () -> Result<SocketAddress, RuntimeError> in
      Result { () throws(RuntimeError) in try site.get.listen(address) }
    }
    switch result {
    case .success(let address): return address
    case .failure(let error): throw .cannotListen("\(error)")
    }
  }

  private func admission(
    port: Int, keepsJobs: Bool
  ) throws(ServerError) -> RequestAdmission {
    do {
      let policy = try OriginPolicy(
        allowedOrigins: settings.origins, allowedHosts: settings.hosts, listenPorts: [port],
        // Behind `insecure` the names by which others reach this machine are theirs to know.
        checksHostAlways: !settings.insecure)
      return RequestAdmission(
        limits: settings.limits, policy: policy, compresses: settings.webSocketCompression,
        echoes: settings.diagnosticsEcho, keepsJobs: keepsJobs)
    } catch {
      throw .cannotStart("origins or hosts: \(error.entry) must be \(error.allowed)")
    }
  }

  /// Tells every follower to come back later, over ``Settings/drainWindow`` where they are many,
  /// finishes what is being answered, and closes. Returns
  /// when all threads have ended; does nothing when the server does not run.
  public func stop() async {
    let node: Node? = state.withLock { state in
      guard case .running(let node) = state else { return nil }
      state = .stopping(node)
      return node
    }
    guard let node else { return }
    await node.jobs?.drain()
    async let workers: Void? = node.jobs?.drainWorkers(within: settings.drainWindow)
    await node.view.drain(over: settings.drainWindow)
    let clock = ContinuousClock()
    let deadline = clock.now + settings.drainWindow + Self.stopTimeout
    while node.view.connections.openCount > 0, clock.now < deadline {
      do {
        try await Task.sleep(for: .milliseconds(10))
      } catch {
        // In a task that was cancelled a sleep returns at once; one of its own is not.
        await Task { try? await Task.sleep(for: .milliseconds(10)) }.value
      }
    }
    await node.view.endAll()
    await workers
    await node.jobs?.stop()
    state.withLock { $0 = .stopped }
    await node.hub.stop()
    await node.backplane.stop()
    await node.group.stop()
    node.view.forgetSites()
    node.jobs?.streams.forget()
    logger.info("stopped")
  }

  /// Where the server listens: `127.0.0.1:8080`. `nil` unless it runs.
  public var address: String? { node?.address.text }

  /// Whether ``start()`` has been called.
  var hasStarted: Bool {
    state.withLock { state in
      if case .new = state { false } else { true }
    }
  }

  private var node: Node? {
    state.withLock { state in
      guard case .running(let node) = state else { return nil }
      return node
    }
  }

  /// What the server has of jobs, until its store is closed.
  var keptJobs: JobsNode {
    get throws(JobsError) {
      let node: Node? = state.withLock { state in
        switch state {
        case .running(let node), .stopping(let node): node
        case .new, .starting, .stopped: nil
        }
      }
      guard let node else { throw .notRunning }
      guard let jobs = node.jobs else { throw .jobsOff }
      return jobs
    }
  }

  // MARK: Publishing and following

  /// Publishes one event and returns its position.
  ///
  /// - Parameters:
  ///   - json: one JSON value, carried byte for byte.
  ///   - key: makes a repeated publish harmless for two minutes.
  /// - Throws: ``ServerError``.
  @discardableResult
  public func publish(
    _ type: EventType, _ json: String, to channel: String, key: String? = nil
  ) async throws(ServerError) -> Position {
    let positions = try await publish(
      [Draft(type: type, data: Array(json.utf8))], to: channel, key: key)
    return positions[0]
  }

  /// Publishes several events of one channel, in order, and returns their positions.
  public func publish(
    _ drafts: [Draft], to channel: String, key: String? = nil
  ) async throws(ServerError) -> [Position] {
    guard let node else { throw .notRunning }
    guard let name = ChannelName(channel) else { throw .notPublished(ChannelName.rule) }
    guard !drafts.isEmpty else { return [] }
    guard !ChannelName.reservedNamespaces.contains(String(name.namespace)) else {
      throw .notPublished(Problem.reserved(name).detail)
    }
    for draft in drafts { try check(draft) }
    do {
      return try await node.hub.publish(
        drafts, to: name, key: key.map { IdempotencyKey(subject: "", key: $0) })
    } catch PublishError.outcomeUnknown {
      throw .outcomeUnknown(Problem(.outcomeUnknown).detail)
    } catch {
      throw .notPublished(Problem(error).detail)
    }
  }

  private func check(_ draft: Draft) throws(ServerError) {
    guard draft.data.count <= settings.limits.eventDataBytesMax else {
      throw .notPublished(
        "an event's data has at most \(settings.limits.eventDataBytesMax) bytes")
    }
    do {
      _ = try JSONScanner.value(in: draft.data.span, range: 0..<draft.data.count)
    } catch {
      throw .notPublished(error.description)
    }
  }

  /// Follows `channels` in this process.
  ///
  /// - Parameters:
  /// - start: where to begin; a cursor of an earlier follower is given as
  /// ``FollowStart/after(_:)``.
  ///   - types: the types wanted, `agent_*` style; all where there is none.
  public func follow(
    _ channels: [String], from start: FollowStart = .live, types: [String]? = nil
  ) throws(ServerError) -> FollowSequence {
    guard let node else { throw .notRunning }
    var names: [ChannelName] = []
    for channel in channels {
      guard let name = ChannelName(channel) else { throw .badFollow(ChannelName.rule) }
      names.append(name)
    }
    guard (1...settings.limits.channelsPerConnectionMax).contains(names.count),
      Set(names).count == names.count
    else {
      throw .badFollow(
        "follow 1 to \(settings.limits.channelsPerConnectionMax) channels, each once")
    }
    var filter: TypeFilter?
    if let types {
      guard let made = TypeFilter(patterns: types) else { throw .badFollow(TypeFilter.rule) }
      filter = made
    }
    return FollowSequence(
      hub: node.hub, follows: try start.follows(names), filter: filter)
  }
}
