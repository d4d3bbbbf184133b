/// What happens to a follower that has fallen out of its mailbox.
public enum Overflow: String, Sendable, Equatable, CaseIterable {
  /// Feed it from history; what left history is told as a gap.
  case catchUp = "catch-up"
  /// Jump to the newest half of the mailbox and tell the gap.
  case dropOldest = "drop-oldest"
  /// Close the connection. The client resumes with its cursor.
  case disconnect = "disconnect"
}

/// The settings of the channels whose names share the text before the first `:`.
public struct NamespaceSettings: Sendable, Equatable {
  /// The events that a channel's history retains.
  ///
  /// The default is 1,000.
  public var historyEventsMax = 1_000

  /// How long history retains an event.
  ///
  /// The default is 1 hour.
  public var ttl = Duration.seconds(3600)

  /// What happens to a follower that has fallen out of its mailbox.
  ///
  /// The default is ``Overflow/catchUp``.
  public var overflow = Overflow.catchUp

  /// Whether events are also copied into one stream for consumer groups of other programs, where
  /// the backplane has such streams.
  ///
  /// The default is false.
  public var firehose = false

  /// About how many events that stream retains. The oldest leave it, read or not.
  ///
  /// The default is 100,000.
  public var firehoseEventsMax = 100_000

  /// The settings of an unknown namespace.
  public init() {}
}
