/// What of an event is sent: `format=`.
enum EventContent: String {
  /// The whole event object.
  case event
  /// Only the publisher's data.
  case data
}
