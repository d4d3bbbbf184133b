/// An event, as a server delivered it.
public struct ReceivedEvent: Sendable, Equatable {
  /// The channel's name.
  public let channel: String
  /// Where the event stands in its channel.
  public let position: String
  /// What kind of thing happened.
  public let type: String
  /// When it was published: RFC 3339 in UTC.
  public let time: String
  /// The publisher's JSON on one line: a line end in it, which can only stand between its tokens,
  /// is a space.
  public let data: [UInt8]
  /// The whole event object on one line.
  public let json: [UInt8]
  /// What to resume after, once this event has been dealt with.
  public let cursor: String

  /// Nil unless `json` is an event object.
  init?(_ json: [UInt8], cursor: String) {
    let line = json.map { $0 == Octets.lineFeed ? Octets.space : $0 }
    guard let fields = JSONFields(line), let channel = fields.string("channel"),
      let position = fields.string("position"), let type = fields.string("type"),
      let time = fields.string("time"), let data = fields.raw("data")
    else { return nil }
    self.channel = channel
    self.position = position
    self.type = type
    self.time = time
    self.data = data
    self.json = line
    self.cursor = cursor
  }
}
