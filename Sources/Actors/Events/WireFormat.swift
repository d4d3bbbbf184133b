/// How events and control messages look on one transport: declared here, written by the transports.
///
/// The hub encodes each event once per format and loop; the result is shared by every follower of
/// the channel on that loop. Implementations are values without state, cheap to hold.
public protocol WireFormat: Sendable {
  /// Tells formats apart that encode differently; formats of one identity share their bytes.
  var identity: Int { get }

  /// Whether a follower of several channels is given one cursor for all of them, in front of each
  /// event. Where every event names its own channel and position, its bytes serve everyone.
  var hasCompositeCursor: Bool { get }

  /// Whether a hole can be told. Where it cannot, the connection ends instead.
  var tellsHoles: Bool { get }

  /// Whether the peer answers heartbeats and the last message, so that its silence is its end.
  var isAnswered: Bool { get }

  /// Appends the whole frame of an event as a follower of its channel alone sees it.
  ///
  /// - Returns: how many of the appended bytes belong to that follower's cursor. A follower of
  ///   several channels gets its own from ``appendCursorPrefix(_:to:)`` in their stead.
  func appendEvent(_ event: Event, to bytes: inout [UInt8]) -> Int

  /// Appends what stands in front of an event's shared bytes for a follower of several channels.
  /// Asked only where ``hasCompositeCursor``.
  func appendCursorPrefix(_ cursor: [Position], to bytes: inout [UInt8])

  /// Appends that the cursor has moved to `position` in `channel` over events that its filter
  /// hides.
  ///
  /// - Parameter cursor: that of all channels, where ``hasCompositeCursor``.
  func appendMoved(
    _ channel: ChannelName, to position: Position, cursor: [Position], to bytes: inout [UInt8])

  /// Appends the verdicts of an attachment, and the cursor that it hands out.
  ///
  /// - Parameters:
  ///   - id: the client's name for the attachment, where it was asked for in a message.
  ///   - cursor: that of all channels, where ``hasCompositeCursor``.
  func appendAttached(
    _ verdicts: [ChannelVerdict], id: [UInt8]?, cursor: [Position], to bytes: inout [UInt8])

  /// Appends a told gap, and the cursor that it hands out. Asked only where ``tellsHoles``.
  func appendGap(_ gap: Gap, cursor: [Position], to bytes: inout [UInt8])

  /// Appends whether continuity can be promised at the moment.
  func appendHealth(_ health: BackplaneHealth, to bytes: inout [UInt8])

  /// Appends what keeps a quiet connection from being cut.
  func appendHeartbeat(to bytes: inout [UInt8])

  /// Appends the last message before the server ends the connection.
  func appendBye(_ reason: EndReason, retry: Duration?, to bytes: inout [UInt8])
}
