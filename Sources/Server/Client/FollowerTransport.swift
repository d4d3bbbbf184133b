/// How a follower reaches its server.
public enum FollowerTransport: Sendable, Equatable {
  /// Server-Sent Events.
  case eventStream
  /// WebSocket.
  case webSocket
}
