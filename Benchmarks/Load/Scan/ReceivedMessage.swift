/// What one message to a follower says, whatever carried it, as far as a load test needs.
enum ReceivedMessage {
  case event(StreamPosition, sentNanoseconds: UInt64)
  case cursor(StreamPosition)
  case gap(from: UInt64, to: UInt64)
  /// The log began anew: never, while a scenario runs.
  case reset
  case bye
  /// To be answered by a pong.
  case ping
  /// A comment, a reconnection time, a verdict.
  case other
}
