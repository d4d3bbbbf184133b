/// Why a follower's connection ended. The raw value is the word in logs, metrics and byes.
public enum EndReason: String, Sendable, Equatable, CaseIterable {
  /// The client went away.
  case clientClosed = "client-closed"
  /// The socket reported an error.
  case socketError = "socket-error"
  /// The client broke the rules of its protocol.
  case protocolError = "protocol-error"
  /// The client sent a message larger than it may.
  case tooBig = "too-big"
  /// The client went on sending more messages than it may.
  case rateLimited = "rate-limited"
  /// The client took too long to send one whole message.
  case slowMessage = "slow-message"
  /// The client has not answered for two heartbeats.
  case silent
  /// The socket accepted no byte for three write deadlines.
  case stalled
  /// The loop's bound on unfinished frames was reached by this connection.
  case stalledFrames = "stalled-frames"
  /// Control messages piled up past their bound.
  case controlLane = "control-lane"
  /// It fell out of its mailbox, and the namespace's policy is `disconnect`.
  case overflow
  /// Events are missing, and the connection's format cannot tell it.
  case hole
  /// The backplane could not say in time what the channel's log holds.
  case backplaneAway = "backplane-away"
  /// All that the connection follows has come to its end.
  case over
  /// The server is stopping.
  case shutdown
  /// The node holds as many channels as it may.
  case tooManyChannels = "too-many-channels"
  /// The node holds as many connections as it may.
  case tooManyConnections = "too-many-connections"

  /// Whether the server ended a connection that its client would have kept.
  public var isEviction: Bool {
    switch self {
    case .clientClosed, .socketError, .over, .shutdown: false
    case .protocolError, .tooBig, .rateLimited, .slowMessage, .silent, .stalled, .stalledFrames,
      .controlLane, .overflow, .hole, .backplaneAway, .tooManyChannels, .tooManyConnections:
      true
    }
  }
}
