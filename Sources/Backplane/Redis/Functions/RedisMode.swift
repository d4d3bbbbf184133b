/// What Redis keeps of events besides the heads of their channels.
public enum RedisMode: String, Sendable, Equatable, CaseIterable {
  /// A stream per channel, from which any node replays.
  case streams
  /// Nothing: events are told at most once.
  case pubsub
}
