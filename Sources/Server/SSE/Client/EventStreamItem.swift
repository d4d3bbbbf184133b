/// What a reader of an event stream learns from it.
enum EventStreamItem: Equatable {
  /// An event. `type` is `message` if the stream names none. `data` are the bytes of its data
  /// lines, joined with LF, as they came. `lastEventID` is what to resume after, empty if nothing.
  case event(type: String, data: [UInt8], lastEventID: String)
  /// How long to wait before connecting again, at most
  /// ``EventStreamParser/retryMillisecondsMax``.
  case retry(milliseconds: Int)
  /// A comment: what stands behind its colon, the space of `: like this` included.
  case comment([UInt8])
  /// A block without data has set the last event ID to this; empty if it has cleared it.
  case cursor(String)
}
