/// What a connection to Redis is for: RESP2 lets one that subscribes do nothing else.
package enum RedisPurpose: Sendable {
  /// Commands and their replies.
  case commands
  /// Pub/sub messages.
  case feed
}
