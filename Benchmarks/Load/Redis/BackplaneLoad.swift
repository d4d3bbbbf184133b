import ArgumentParser
import FanfareActors
import FanfareBackplane
import FanfareRuntime

/// The backplane of one node in this process, and so many publishes in flight on its loop. They
/// wait there as the server's do.
actor BackplaneLoad {
  /// What its channels' names begin with; then come twelve digits, as `redis-benchmark` puts them.
  static let channelStart = "load:"
  private static let startTimeout = Duration.seconds(10)

  nonisolated let unownedExecutor: UnownedSerialExecutor
  private let group: LoopGroup
  private let loop: EventLoop
  private let backplane: RedisBackplane
  private let draft: Draft
  private var channels: [ChannelName] = []
  private var next = 0
  private var isPublishing = false
  private(set) var answered: UInt64 = 0
  private(set) var failure: PublishError?

  private init(_ group: LoopGroup, _ backplane: RedisBackplane, _ draft: Draft) {
    self.group = group
    loop = group.loops[0]
    self.backplane = backplane
    self.draft = draft
    unownedExecutor = loop.asUnownedSerialExecutor()
  }

  /// A node that is ready to publish to `redis`, and the generation of its logs.
  static func start(
    _ redis: RedisProcess, data: String
  ) async throws -> (load: BackplaneLoad, generation: String) {
    let group = try LoopGroup.start(count: 1)
    let news = JoinNews()
    guard let type = EventType("load"),
      let backplane = RedisBackplane(
        loops: group.loops, settings: RedisSettings(nodeID: "bench"), limits: Limits(),
        namespaces: Namespaces(),
        connector: HiredisConnector(url: RedisURL(host: "127.0.0.1", port: redis.port)),
        observer: news)
    else { throw ValidationError("the backplane cannot be made") }
    backplane.start()
    let clock = ContinuousClock()
    let deadline = clock.now + startTimeout
    while clock.now < deadline {
      if let generation = news.generation {
        let load = BackplaneLoad(group, backplane, Draft(type: type, data: Array(data.utf8)))
        return (load, generation)
      }
      try await Task.sleep(for: .milliseconds(10))
    }
    await backplane.stop()
    await group.stop()
    throw ValidationError("the backplane did not find its Redis")
  }

  func stop() async {
    await backplane.stop()
    await group.stop()
  }

  /// Publishes to so many channels in turn until ``end(_:)``.
  func begin(depth: Int, channels count: Int) -> [Task<Void, Never>] {
    channels = (0..<count).compactMap { number in
      let digits = String(number)
      let zeros = String(repeating: "0", count: 12 - digits.count)
      return ChannelName(Self.channelStart + zeros + digits)
    }
    isPublishing = true
    return (0..<depth).map { _ in Task { await publish() } }
  }

  /// Waits for what is in flight.
  func end(_ publishing: [Task<Void, Never>]) async {
    isPublishing = false
    for each in publishing { await each.value }
  }

  private func publish() async {
    while isPublishing {
      let channel = channels[next]
      next = next + 1 == channels.count ? 0 : next + 1
      do {
        _ = try await backplane.publish([draft], to: channel, key: nil, on: loop)
        answered += 1
      } catch {
        failure = failure ?? error
        isPublishing = false
      }
    }
  }
}

/// Hears in which generation a node has joined.
private final class JoinNews: RedisObserver {
  private let heard = Locked<String?>(nil)

  var generation: String? { heard.withLock { $0 } }

  func observed(_ event: RedisEvent) {
    if case .joined(let generation, _, _) = event { heard.withLock { $0 = generation } }
  }
}
