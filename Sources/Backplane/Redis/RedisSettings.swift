import FanfareRuntime

/// How a node uses a Redis.
package struct RedisSettings: Sendable {
  /// What the names of all keys begin with.
  ///
  /// The default is `fanfare:`.
  package var prefix = "fanfare:"

  /// What Redis keeps of events.
  ///
  /// The default is ``RedisMode/streams``.
  package var mode = RedisMode.streams

  /// This node's name among the nodes. 1 to 100 characters of a channel's name.
  package var nodeID: String

  /// About how many events each namespace's firehose retains, where it has one.
  package var firehoses: [String: Int] = [:]

  /// What this node says of itself to the others: JSON text. Called on the first loop.
  package var describe: @Sendable () -> [UInt8] = { Array("{}".utf8) }

  /// The times by which the backplane lives.
  package var pace = RedisPace()

  package init(nodeID: String) {
    self.nodeID = nodeID
  }
}

/// The times by which a backplane over Redis lives. Tests make them shorter.
package struct RedisPace: Sendable, Equatable {
  /// Between two probes, and how long one may take before health is unproven.
  package var probe = Duration.seconds(3)
  /// In which the heads of all followed channels are compared once.
  package var check = Duration.seconds(30)
  /// Between two signs of life.
  package var beat = Duration.seconds(5)
  /// How long a node is counted as alive after its last sign.
  package var beatTTL = Duration.seconds(15)
  /// How long a subscription outlives its last follower, so that one who comes back soon costs
  /// nothing.
  package var linger = Duration.seconds(10)
  /// How long a follow waits for Redis to answer before it is refused.
  package var followPatience = Duration.seconds(5)
  /// The first and the longest wait between two attempts to connect; each is drawn from zero to its
  /// bound, so that nodes do not come back all at once. Whoever is held back at a node waits for
  /// less than ``followPatience``: the longest wait leaves time to join and to be proven.
  package var retryFirst = Duration.milliseconds(50)
  package var retryMax = Duration.seconds(2)
  /// How long what is on its way between two connections may take.
  package var settle = Duration.seconds(1)
  /// How often the things above are looked at.
  package var pulse = Duration.milliseconds(250)

  package init() {}
}
