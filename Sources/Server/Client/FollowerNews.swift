/// What a follower of a server learns, in order.
public enum FollowerNews: Sendable, Equatable {
  /// The continuity promise, told after every connect and whenever it is broken.
  case attached([AttachedChannel])
  /// One event.
  case event(ReceivedEvent)
  /// Events that left history before this follower could be given them.
  case gap(MissedEvents)
  /// What to resume after, where no event says it.
  case cursor(String)
  /// The server cannot promise continuity just now.
  case degraded
  /// It can again.
  case restored
  /// The server is about to end the stream, for this reason.
  case bye(reason: String)
  /// The stream is gone, for this reason. The next call waits so long and connects again.
  case apart(ClientError, retryIn: Duration)
  /// There is nothing more to follow, ever.
  case over
}
