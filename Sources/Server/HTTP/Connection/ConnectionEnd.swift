import FanfareActors

/// Why a connection that followed nothing ended: the word in its log line.
enum ConnectionEnd: String, Sendable {
  /// The last answer said that it closes.
  case done
  /// No request came for the keep-alive time.
  case idle
  case clientClosed = "client-closed"
  case socketError = "socket-error"
  /// A refusal after which the connection could not go on.
  case refused
  /// The client did not read its answer.
  case stalled
  case serverStopped = "shutdown"
}
