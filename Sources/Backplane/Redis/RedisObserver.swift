import FanfareActors
import FanfareRuntime

/// What happens between a node and its Redis, for logs and metrics.
package enum RedisEvent: Sendable, Equatable {
  /// A connection is open.
  case connected(RedisPurpose)
  /// A connection ended, or did not open; the next attempt comes after `retry`.
  case lost(RedisPurpose, RedisLost, retry: Duration)
  /// Redis takes publishes of this node.
  ///
  /// - isDurable: whether a restart of this Redis keeps all that it acknowledged.
  /// - isRaised: whether this node gave all logs a new life, since their tails may be lost.
  case joined(generation: String, isDurable: Bool, isRaised: Bool)
  /// The logs have another generation than this node knew: every channel begins anew.
  case renewed(generation: String)
  /// This node's library was put in the place of an older one, or of none.
  case loaded(version: Int64)
  /// The log of a channel ends before what it has fed: all logs get a new life.
  case wentBack(ChannelName)
  /// Events that the feed did not bring were read from the log.
  case backfilled(ChannelName, events: Int)
  /// Events that neither the feed brought nor the log holds.
  case missed(ChannelName, events: UInt64)
  /// The log of a followed channel began anew.
  case restarted(ChannelName)
  /// Redis refused a publish; nothing was stored.
  case refused(String)
  /// A message of the feed, or a reply, is none that a node sends.
  case malformed(String)
  /// A probe came back, after `roundTrip`.
  case probed(roundTrip: Duration)
  /// Whether continuity can be promised.
  case health(BackplaneHealth)
  /// The backplane has stopped.
  case stopped
}

/// Hears what happens between a node and its Redis.
package protocol RedisObserver: Sendable {
  /// Called on the first loop, once for each event, in order.
  func observed(_ event: RedisEvent)
}
