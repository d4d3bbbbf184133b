import FanfareRuntime

/// What a publisher hands in: an event that has no place in its channel yet.
public struct Draft: Sendable, Equatable {
  /// What kind of thing happened.
  public var type: EventType
  /// One JSON value, already validated, carried byte for byte.
  public var data: [UInt8]

  /// A draft of `type` with the JSON text `data`.
  public init(type: EventType, data: [UInt8]) {
    self.type = type
    self.data = data
  }
}

/// One event of a channel's log. It is made once, when it is sequenced, and shared by history,
/// mailboxes and loops; nothing of it ever changes.
public final class Event: Sendable {
  /// The channel whose log this event stands in.
  public let channel: ChannelName
  /// Where it stands.
  public let position: Position
  /// What kind of thing happened.
  public let type: EventType
  /// The JSON text of the publisher, byte for byte.
  public let data: [UInt8]
  /// Milliseconds since 1970 in UTC; never less than that of the event before.
  public let timeMilliseconds: Int64
  /// When this node accepted the event, on the monotonic clock.
  public let acceptedAt: MonotonicInstant

  /// An event as the backplane sequenced it.
  public init(
    channel: ChannelName, position: Position, type: EventType, data: [UInt8],
    timeMilliseconds: Int64, acceptedAt: MonotonicInstant
  ) {
    self.channel = channel
    self.position = position
    self.type = type
    self.data = data
    self.timeMilliseconds = timeMilliseconds
    self.acceptedAt = acceptedAt
    frameBytesMax = Self.frameBytesMax(type, data, channel)
  }

  /// The bound of ``frameBytesMax`` for an event that is not made yet.
  static func frameBytesMax(
    _ type: EventType, _ data: [UInt8], _ channel: ChannelName
  ) -> Int {
    var lineEnds = 1
    for byte in data where byte == 0x0A || byte == 0x0D { lineEnds += 1 }
    return data.count + 8 * lineEnds + 2 * type.text.utf8.count + channel.text.utf8.count + 200
  }

  /// No wire format needs more bytes than this for the event's frame: the data, a prefix for each
  /// of its lines, and the names and numbers around it.
  public let frameBytesMax: Int

  /// What an event costs a history or a mailbox beside its data: the object, its array and its
  /// place.
  public static let overheadBytes = 160

  /// The bytes that this event is counted with against a bound.
  public var retainedBytes: Int { data.count + Self.overheadBytes }
}
