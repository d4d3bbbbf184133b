import FanfareActors
import FanfareRuntime

/// How events look on a Server-Sent Events stream (WHATWG HTML, section 9.2).
///
/// Control blocks carry no `id:`; the cursor after a verdict or a gap is a block of its own,
/// because a block without data moves a browser's last event id and dispatches nothing.
struct SSEFormat: WireFormat {
  /// What stands in an event's `data:` lines.
  let content: EventContent
  /// Whether `event:` names the type; without it a browser's `onmessage` gets every event.
  let isNamed: Bool

  var hasCompositeCursor: Bool { true }
  var tellsHoles: Bool { true }
  var isAnswered: Bool { false }

  var identity: Int { (content == .event ? 1 : 0) + (isNamed ? 2 : 0) }

  func appendEvent(_ event: Event, to bytes: inout [UInt8]) -> Int {
    let start = bytes.count
    bytes.append(contentsOf: "id: ".utf8)
    event.position.append(to: &bytes)
    bytes.append(UInt8(ascii: "\n"))
    let cursorBytes = bytes.count - start
    if isNamed {
      bytes.append(contentsOf: "event: ".utf8)
      bytes.append(contentsOf: event.type.text.utf8)
      bytes.append(UInt8(ascii: "\n"))
    }
    switch content {
    case .data: Self.appendLines(event.data, to: &bytes)
    case .event:
      var json: [UInt8] = []
      json.reserveCapacity(event.data.count + 512)
      EventJSON.append(event, to: &json)
      Self.appendLines(json, to: &bytes)
    }
    bytes.append(UInt8(ascii: "\n"))
    return cursorBytes
  }

  /// One `data:` line per line. A line end of the data, be it CR, LF or both, arrives as LF.
  static func appendLines(_ data: [UInt8], to bytes: inout [UInt8]) {
    var start = 0
    while true {
      var end = start
      while end < data.count, data[end] != 0x0A, data[end] != 0x0D { end += 1 }
      bytes.append(contentsOf: "data: ".utf8)
      bytes.append(contentsOf: data[start..<end])
      bytes.append(UInt8(ascii: "\n"))
      guard end < data.count else { return }
      start = end + 1
      if data[end] == 0x0D, start < data.count, data[start] == 0x0A { start += 1 }
    }
  }

  func appendCursorPrefix(_ cursor: [Position], to bytes: inout [UInt8]) {
    bytes.append(contentsOf: "id: ".utf8)
    for (index, position) in cursor.enumerated() {
      if index > 0 { bytes.append(UInt8(ascii: ",")) }
      position.append(to: &bytes)
    }
    bytes.append(UInt8(ascii: "\n"))
  }

  func appendMoved(
    _ channel: ChannelName, to position: Position, cursor: [Position], to bytes: inout [UInt8]
  ) {
    appendCursor(cursor, to: &bytes)
  }

  private func appendCursor(_ cursor: [Position], to bytes: inout [UInt8]) {
    appendCursorPrefix(cursor, to: &bytes)
    bytes.append(UInt8(ascii: "\n"))
  }

  func appendAttached(
    _ verdicts: [ChannelVerdict], id: [UInt8]?, cursor: [Position], to bytes: inout [UInt8]
  ) {
    appendControl("attached", to: &bytes) { writer in
      writer.beginObject()
      writer.key("channels")
      EventJSON.write(verdicts, to: &writer)
      writer.endObject()
    }
    appendCursor(cursor, to: &bytes)
  }

  func appendGap(_ gap: Gap, cursor: [Position], to bytes: inout [UInt8]) {
    appendControl("gap", to: &bytes) { EventJSON.write(gap, to: &$0) }
    appendCursor(cursor, to: &bytes)
  }

  func appendHealth(_ health: BackplaneHealth, to bytes: inout [UInt8]) {
    // An `EventSource` dispatches nothing without data.
    appendControl(health.word, to: &bytes) { writer in
      writer.beginObject()
      writer.endObject()
    }
  }

  func appendHeartbeat(to bytes: inout [UInt8]) {
    bytes.append(contentsOf: ":\n\n".utf8)
  }

  func appendBye(_ reason: EndReason, retry: Duration?, to bytes: inout [UInt8]) {
    if let retry { bytes.append(contentsOf: "retry: \(retry.milliseconds)\n\n".utf8) }
    appendControl("bye", to: &bytes) { writer in
      writer.beginObject()
      writer.member("reason", reason.rawValue)
      if let retry { writer.member("retry", Int(retry.milliseconds)) }
      writer.endObject()
    }
  }

  private func appendControl(
    _ name: String, to bytes: inout [UInt8], _ write: (inout JSONWriter) -> Void
  ) {
    bytes.append(contentsOf: "event: fanfare.\(name)\ndata: ".utf8)
    var writer = JSONWriter()
    write(&writer)
    bytes.append(contentsOf: writer.bytes)
    bytes.append(contentsOf: "\n\n".utf8)
  }
}
