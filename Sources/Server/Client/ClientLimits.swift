/// The bounds of one client: how long it waits and how much it takes from a server.
public struct ClientLimits: Sendable, Equatable {
  /// The time in which a connection must come to be. Then the server counts as unreachable.
  ///
  /// The default is 10 seconds.
  public var connectTimeout = Duration.seconds(10)

  /// The time for which a server may be silent while it takes a request or owes an answer. Then the
  /// connection counts as lost.
  ///
  /// The default is 30 seconds.
  public var answerTimeout = Duration.seconds(30)

  /// The time for which a stream of events may be silent. Then it counts as lost.
  ///
  /// The default is 45 seconds, three heartbeats of a server that has the default of 15.
  public var idleTimeout = Duration.seconds(45)

  /// How long a publish is tried again after failures that may pass. A server remembers the key of
  /// a publish for 2 minutes; a longer time than 90 seconds is taken as that.
  ///
  /// The default is 30 seconds.
  public var retryTime = Duration.seconds(30)

  /// The bytes of an answer's head. A larger one is not understood.
  ///
  /// The default is 16,384.
  public var headBytesMax = 16 * 1024

  /// The bytes of an answer's body; a stream of events has no such bound. A larger one is not
  /// understood.
  ///
  /// The default is 1,048,576.
  public var answerBytesMax = 1024 * 1024

  /// The bytes of one event on a stream, names and line ends included. A larger one ends the
  /// follower: it would come again at every reconnect.
  ///
  /// The default is 17,825,792: the largest data that a server can be set to take, and what stands
  /// around it.
  public var eventBytesMax = 17 * 1024 * 1024

  /// The bounds that everyone starts with.
  public init() {}
}
