/// Events that have left history before they could be delivered, as a server told it.
public struct MissedEvents: Sendable, Equatable {
  /// The channel's name.
  public let channel: String
  /// The position of the first event missed.
  public let from: String
  /// The position of the last event missed.
  public let to: String
  /// How many events were missed.
  public let count: Int

  /// Nil where a member is missing.
  init?(_ fields: JSONFields) {
    guard let channel = fields.string("channel"), let from = fields.string("from"),
      let to = fields.string("to"), let count = fields.int("missed")
    else { return nil }
    self.channel = channel
    self.from = from
    self.to = to
    self.count = count
  }
}
