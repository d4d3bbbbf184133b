import FanfareActors
import FanfareBackplane
import FanfareRuntime

/// The backplane of one node over a Redis, real or simulated, with all that it is fed and says.
package final class RedisNode: RedisObserver {
  package let loops: [EventLoop]
  package let feed = RecordedFeed()
  /// The loops' threads; `nil` in a simulation.
  private let group: LoopGroup?
  private let made = Locked<RedisBackplane?>(nil)
  private let events = Locked<[RedisEvent]>([])

  private init(loops: [EventLoop], group: LoopGroup?) {
    self.loops = loops
    self.group = group
  }

  /// What a node is to be.
  package struct Plan: Sendable {
    package var id: String
    package var mode = RedisMode.streams
    package var history = 1_000
    package var limits = Limits()
    package var pace = RedisPace.quick

    package init(_ id: String) {
      self.id = id
    }

    package var namespaces: Namespaces {
      var namespace = NamespaceSettings()
      namespace.historyEventsMax = history
      return Namespaces(defaults: namespace)
    }
  }

  /// Starts one on loops of its own, and waits until its health is proven.
  package static func start(
    _ url: RedisURL, id: String, loops: Int = 1, mode: RedisMode = .streams, history: Int = 1_000,
    limits: Limits = Limits(), pace: RedisPace = .quick
  ) async throws -> RedisNode {
    var plan = Plan(id)
    plan.mode = mode
    plan.history = history
    plan.limits = limits
    plan.pace = pace
    let group = try LoopGroup.start(count: loops)
    let node = RedisNode(loops: group.loops, group: group)
    try node.make(
      plan, HiredisConnector(url: url, answerTimeout: .seconds(2), name: id))
    try node.begin()
    let isProven = await Deadline().holds { node.feed.isProven }
    guard isProven else { throw ClientFailure.timedOut("health: \(node.seen)") }
    return node
  }

  /// Starts one in a simulation, whose steps the caller takes.
  package static func start(
    _ plan: Plan, on loops: [EventLoop], _ connector: any RedisConnector
  ) throws -> RedisNode {
    let node = try prepare(plan, on: loops, connector)
    try node.begin()
    return node
  }

  /// Makes one in a simulation for a hub that connects and starts it.
  package static func prepare(
    _ plan: Plan, on loops: [EventLoop], _ connector: any RedisConnector
  ) throws -> RedisNode {
    let node = RedisNode(loops: loops, group: nil)
    try node.make(plan, connector)
    return node
  }

  private func begin() throws {
    let backplane = try backplane
    backplane.connect(to: feed)
    backplane.start()
  }

  private func make(_ plan: Plan, _ connector: any RedisConnector) throws {
    var settings = RedisSettings(nodeID: plan.id)
    settings.mode = plan.mode
    settings.pace = plan.pace
    settings.describe = { Array("{\"id\":\"\(plan.id)\"}".utf8) }
    let backplane = RedisBackplane(
      loops: loops, settings: settings, limits: plan.limits,
      namespaces: plan.namespaces, connector: connector, observer: self)
    guard let backplane else { throw ClientFailure.malformed("a node's name: \(plan.id)") }
    made.withLock { $0 = backplane }
  }

  package var backplane: RedisBackplane {
    get throws {
      guard let backplane = made.withLock({ $0 }) else {
        throw ClientFailure.closed("the backplane")
      }
      return backplane
    }
  }

  /// As the conformance suite plays it.
  package var player: BackplaneConformance.Node {
    get throws {
      BackplaneConformance.Node(loops: loops, backplane: try backplane, feed: feed)
    }
  }

  /// From where `channel` is asked for.
  package func side(of channel: ChannelName) throws -> BackplaneSide {
    let loop = loops[Int(channel.hash % UInt64(loops.count))]
    return BackplaneSide(loop: loop, backplane: try backplane, feed: feed)
  }

  /// What it said so far.
  package var seen: [RedisEvent] { events.withLock { $0 } }

  package func observed(_ event: RedisEvent) {
    events.withLock { $0.append(event) }
  }

  /// Ends it as a crash would: nobody is told.
  package func crash() async { await group?.stop() }

  package func stop() async throws {
    await (try backplane).stop()
    await group?.stop()
  }
}

extension RedisPace {
  /// For tests: what takes seconds in the product takes tenths.
  package static var quick: RedisPace {
    var pace = RedisPace()
    pace.probe = .milliseconds(400)
    pace.check = .seconds(1)
    pace.beat = .milliseconds(200)
    pace.beatTTL = .milliseconds(1_000)
    pace.linger = .milliseconds(300)
    pace.followPatience = .seconds(2)
    pace.retryMax = .milliseconds(300)
    pace.settle = .milliseconds(100)
    pace.pulse = .milliseconds(20)
    return pace
  }
}
