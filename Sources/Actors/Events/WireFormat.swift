/// How events and control messages look on one transport: declared here, written by the transports.
///
/// The hub encodes each event once per format and loop; the result is shared by every follower of
/// the channel on that loop. Implementations are values without state, cheap to hold.
public protocol WireFormat: Sendable {
  /// Tells formats apart that encode differently; formats of one identity share their bytes.
  var identity: Int { get }

  /// Appends the whole frame of an event as a follower of its channel alone sees it.
  ///
  /// - Returns: how many of the appended bytes belong to that follower's cursor. A follower of
  ///   several channels gets its own from ``appendCursorPrefix(_:to:)`` in their stead.
  func appendEvent(_ event: Event, to bytes: inout [UInt8]) -> Int

  /// Appends what stands in front of an event's shared bytes for a follower of several channels.
  func appendCursorPrefix(_ cursor: [Position], to bytes: inout [UInt8])

  /// Appends a message that hands out a cursor and nothing else.
  func appendCursor(_ cursor: [Position], to bytes: inout [UInt8])

  /// Appends the verdicts of an attachment.
  func appendAttached(_ verdicts: [ChannelVerdict], to bytes: inout [UInt8])

  /// Appends a told gap.
  func appendGap(_ gap: Gap, to bytes: inout [UInt8])

  /// Appends what keeps a quiet connection from being cut.
  func appendHeartbeat(to bytes: inout [UInt8])

  /// Appends the last message before the server ends the connection.
  func appendBye(_ reason: EndReason, retry: Duration?, to bytes: inout [UInt8])
}

/// Why a follower's connection ended. The raw value is the word in logs, metrics and byes.
public enum EndReason: String, Sendable, Equatable, CaseIterable {
  /// The client went away.
  case clientClosed = "client-closed"
  /// The socket reported an error.
  case socketError = "socket-error"
  /// The socket accepted no byte for three write deadlines.
  case stalled
  /// The loop's bound on unfinished frames was reached by this connection.
  case stalledFrames = "stalled-frames"
  /// Control messages piled up past their bound.
  case controlLane = "control-lane"
  /// It fell out of its mailbox, and the namespace's policy is `disconnect`.
  case overflow
  /// The channel's log began anew underneath; the client comes back and is told `reset`.
  case logRestarted = "log-restarted"
  /// The server is stopping.
  case shutdown
  /// The node holds as many channels as it may.
  case tooManyChannels = "too-many-channels"
  /// The node holds as many connections as it may.
  case tooManyConnections = "too-many-connections"

  /// Whether the server ended a connection that its client would have kept.
  public var isEviction: Bool {
    switch self {
    case .clientClosed, .socketError, .shutdown: false
    case .stalled, .stalledFrames, .controlLane, .overflow, .logRestarted, .tooManyChannels,
      .tooManyConnections:
      true
    }
  }
}
