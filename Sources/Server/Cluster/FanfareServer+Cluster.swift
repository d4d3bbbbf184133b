import FanfareActors
import FanfareBackplane
import FanfareRuntime

/// What a node shares with others, as its settings say.
extension FanfareServer {
  /// In one line: `local`, or where the nodes meet and what is kept there.
  var backplaneText: String {
    switch settings.backplane {
    case .local: "local"
    case .redis: "redis, mode \(settings.redis.mode.rawValue), \(settings.redis.url)"
    }
  }

  /// The node's part in a cluster; `nil` where it is alone.
  func cluster(
    _ loops: [EventLoop], _ namespaces: Namespaces, _ identity: NodeIdentity
  ) throws(ServerError) -> NodeView.Cluster? {
    guard settings.backplane == .redis else { return nil }
    var redis = RedisSettings(nodeID: identity.id)
    redis.prefix = settings.redis.prefix
    redis.mode = settings.redis.mode
    for name in namespaces.names.indices where namespaces[name].firehose {
      redis.firehoses[namespaces.names[name]] = namespaces[name].firehoseEventsMax
    }
    redis.describe = { identity.json() }
    let log = RedisLog(logger)
    let connector = HiredisConnector(
      url: settings.redis.url, answerTimeout: settings.redis.answerTimeout)
    guard
      let backplane = RedisBackplane(
        loops: loops, settings: redis, limits: settings.limits, namespaces: namespaces,
        connector: connector, observer: log)
    else { throw .cannotStart("backplane: redis needs a loop") }
    return NodeView.Cluster(backplane: backplane, log: log)
  }
}
