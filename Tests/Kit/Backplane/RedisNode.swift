import FanfareActors
import FanfareBackplane
import FanfareRuntime

/// The backplane of one node over a Redis, on loops of its own, with all that it is fed and says.
package final class RedisNode: RedisObserver {
  package let group: LoopGroup
  package let feed = RecordedFeed()
  private let made = Locked<RedisBackplane?>(nil)
  private let events = Locked<[RedisEvent]>([])

  private init(loops: Int) throws {
    group = try LoopGroup.start(count: loops)
  }

  /// Starts one, and waits until its health is proven.
  package static func start(
    _ url: RedisURL, id: String, loops: Int = 1, mode: RedisMode = .streams, history: Int = 1_000,
    limits: Limits = Limits(), waits: Bool = true
  ) async throws -> RedisNode {
    let node = try RedisNode(loops: loops)
    var settings = RedisSettings(nodeID: id)
    settings.mode = mode
    settings.pace = .quick
    settings.describe = { Array("{\"id\":\"\(id)\"}".utf8) }
    var namespace = NamespaceSettings()
    namespace.historyEventsMax = history
    let backplane = RedisBackplane(
      loops: node.group.loops, settings: settings, limits: limits,
      namespaces: Namespaces(defaults: namespace),
      connector: HiredisConnector(url: url, answerTimeout: .seconds(2), name: id),
      observer: node)
    guard let backplane else { throw ClientFailure.malformed("a node's name: \(id)") }
    node.made.withLock { $0 = backplane }
    backplane.connect(to: node.feed)
    backplane.start()
    if waits {
      let isProven = await Deadline().holds { node.feed.isProven }
      guard isProven else { throw ClientFailure.timedOut("health: \(node.seen)") }
    }
    return node
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
      BackplaneConformance.Node(loops: group.loops, backplane: try backplane, feed: feed)
    }
  }

  /// From where `channel` is asked for.
  package func side(of channel: ChannelName) throws -> BackplaneSide {
    let loop = group.loops[Int(channel.hash % UInt64(group.loops.count))]
    return BackplaneSide(loop: loop, backplane: try backplane, feed: feed)
  }

  /// What it said so far.
  package var seen: [RedisEvent] { events.withLock { $0 } }

  package func observed(_ event: RedisEvent) {
    events.withLock { $0.append(event) }
  }

  /// Ends it as a crash would: nobody is told.
  package func crash() async { await group.stop() }

  package func stop() async throws {
    await (try backplane).stop()
    await group.stop()
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
