import FanfareBackplane

/// How a node finds and uses the Redis that a cluster meets in. Only with `backplane: redis`.
public struct RedisPlace: Sendable, Equatable {
  /// Where it is, and as whom to speak to it.
  ///
  /// The default is `redis://127.0.0.1:6379/0`.
  public var url = RedisURL(host: "127.0.0.1")

  /// What it keeps of events. All nodes of a cluster have the same.
  ///
  /// The default is ``RedisMode/streams``.
  public var mode = RedisMode.streams

  /// What the names of all keys and channels in it begin with, so that several clusters or other
  /// programs may share it.
  ///
  /// The default is `fanfare:`.
  public var prefix = "fanfare:"

  /// How long it may be silent while a command waits for its answer, before the connection is taken
  /// for dead.
  ///
  /// The default is 5 seconds.
  public var answerTimeout = Duration.seconds(5)

  /// The Redis that everyone starts with.
  public init() {}
}
