import FanfareActors

/// The JSON texts of CONTRACT section 1 that every transport shares.
enum EventJSON {
  /// Appends `{"channel","position","type","data","time"}`. Channel, position and type consist of
  /// characters that need no escape; `data` is the publisher's text, byte for byte.
  ///
  /// - Parameter op: what stands first as `"op"`, where the object is a message.
  static func append(_ event: Event, op: StaticString? = nil, to bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "{"))
    if let op { bytes.append(contentsOf: #""op":"\#(op)","#.utf8) }
    bytes.append(contentsOf: #""channel":""#.utf8)
    bytes.append(contentsOf: event.channel.text.utf8)
    bytes.append(contentsOf: #"","position":""#.utf8)
    event.position.append(to: &bytes)
    bytes.append(contentsOf: #"","type":""#.utf8)
    bytes.append(contentsOf: event.type.text.utf8)
    bytes.append(contentsOf: #"","data":"#.utf8)
    bytes.append(contentsOf: event.data)
    bytes.append(contentsOf: #","time":""#.utf8)
    Timestamp.append(milliseconds: event.timeMilliseconds, to: &bytes)
    bytes.append(contentsOf: #""}"#.utf8)
  }

  /// Writes `[{"channel","verdict","position",…}]`, with what belongs to each verdict.
  static func write(_ verdicts: [ChannelVerdict], to writer: inout JSONWriter) {
    writer.beginArray()
    for verdict in verdicts {
      writer.beginObject()
      writeMembers(verdict, to: &writer)
      writer.endObject()
    }
    writer.endArray()
  }

  /// Writes `"channel","verdict","position",…`.
  static func writeMembers(_ verdict: ChannelVerdict, to writer: inout JSONWriter) {
    writer.member("channel", verdict.channel.text)
    writer.member("verdict", verdict.verdict.name)
    switch verdict.verdict {
    case .live, .reset: break
    case .resumed(let replayed): writer.member("replayed", Int(clamping: replayed))
    case .gap(let from, let to):
      let epoch = verdict.position.epoch
      writeHole(
        Gap(channel: verdict.channel, from: from, to: to, epoch: epoch), to: &writer)
    }
    writer.member("position", verdict.position.description)
  }

  /// Writes `{"channel","from","to","missed","position"}`.
  static func write(_ gap: Gap, to writer: inout JSONWriter) {
    writer.beginObject()
    writeMembers(gap, to: &writer)
    writer.endObject()
  }

  /// Writes `"channel","from","to","missed","position"`.
  static func writeMembers(_ gap: Gap, to writer: inout JSONWriter) {
    writer.member("channel", gap.channel.text)
    writeHole(gap, to: &writer)
    writer.member("position", gap.to.description)
  }

  private static func writeHole(_ gap: Gap, to writer: inout JSONWriter) {
    writer.member("from", gap.from.description)
    writer.member("to", gap.to.description)
    writer.member("missed", Int(clamping: gap.missed))
  }
}

extension BackplaneHealth {
  /// What a follower is told of it.
  var word: String {
    switch self {
    case .proven: "restored"
    case .unproven: "degraded"
    }
  }
}

extension JSONWriter {
  mutating func member(_ key: String, _ value: String) {
    self.key(key)
    string(value)
  }

  mutating func member(_ key: String, _ value: Int) {
    self.key(key)
    int(value)
  }
}
