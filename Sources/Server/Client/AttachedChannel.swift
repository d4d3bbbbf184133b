/// The verdict on one channel, as a server told it.
public struct AttachedChannel: Sendable, Equatable {
  /// The channel's name.
  public let channel: String
  /// `live`, `resumed`, `gap` or `reset`.
  public let verdict: String
  /// The position to keep from now on.
  public let position: String
  /// How many events follow before the live ones, after `resumed`.
  public let replayed: Int?
  /// What was missed, after `gap`.
  public let missed: MissedEvents?

  /// Nil where a member is missing.
  init?(_ fields: JSONFields) {
    guard let channel = fields.string("channel"), let verdict = fields.string("verdict"),
      let position = fields.string("position")
    else { return nil }
    self.channel = channel
    self.verdict = verdict
    self.position = position
    replayed = fields.int("replayed")
    missed = MissedEvents(fields)
  }
}
