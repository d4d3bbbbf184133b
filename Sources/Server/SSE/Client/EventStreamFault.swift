/// Why an event stream cannot be read any further.
enum EventStreamFault: Error, Equatable {
  /// A block or a line holds more than the parser may keep.
  case blockTooLarge(blockBytesMax: Int)
}
