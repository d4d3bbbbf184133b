import FanfareActors
import FanfareRuntime

/// How events look on a WebSocket (CONTRACT section 4): one JSON object a text frame, or only each
/// event's data.
struct WebSocketFormat: WireFormat {
  let content: EventContent
  /// Compresses, where that was negotiated; one for the loop.
  let deflate: LoopConfined<MessageDeflate>?

  // 0 to 3 are those of Server-Sent Events.
  var identity: Int { 4 + (content == .event ? 1 : 0) + (deflate == nil ? 0 : 2) }

  var hasCompositeCursor: Bool { false }
  var tellsHoles: Bool { content == .event }
  var isAnswered: Bool { true }

  func appendEvent(_ event: Event, to bytes: inout [UInt8]) -> Int {
    switch content {
    case .data: appendText(event.data, to: &bytes)
    case .event:
      var json: [UInt8] = []
      json.reserveCapacity(event.data.count + 512)
      EventJSON.append(event, op: "event", to: &json)
      appendText(json, to: &bytes)
    }
    return 0
  }

  func appendCursorPrefix(_ cursor: [Position], to bytes: inout [UInt8]) {}

  func appendMoved(
    _ channel: ChannelName, to position: Position, cursor: [Position], to bytes: inout [UInt8]
  ) {
    appendObject("position", to: &bytes) { writer in
      writer.member("channel", channel.text)
      writer.member("position", position.description)
    }
  }

  func appendAttached(
    _ verdicts: [ChannelVerdict], id: [UInt8]?, cursor: [Position], to bytes: inout [UInt8]
  ) {
    guard let id else {
      return appendObject("attached", to: &bytes) { writer in
        writer.key("channels")
        EventJSON.write(verdicts, to: &writer)
      }
    }
    for verdict in verdicts {
      appendObject("subscribed", id: id, to: &bytes) {
        EventJSON.writeMembers(verdict, to: &$0)
      }
    }
  }

  func appendGap(_ gap: Gap, cursor: [Position], to bytes: inout [UInt8]) {
    appendObject("gap", to: &bytes) { EventJSON.writeMembers(gap, to: &$0) }
  }

  func appendHealth(_ health: BackplaneHealth, to bytes: inout [UInt8]) {
    appendObject(health.word, to: &bytes) { _ in }
  }

  func appendHeartbeat(to bytes: inout [UInt8]) {
    WebSocketFrame.append(.ping, [], to: &bytes)
  }

  func appendBye(_ reason: EndReason, retry: Duration?, to bytes: inout [UInt8]) {
    appendObject("bye", to: &bytes) { writer in
      writer.member("reason", reason.rawValue)
      if let retry { writer.member("retry", Int(retry.milliseconds)) }
    }
    WebSocketFrame.appendClose(reason.closeCode, reason: reason.rawValue, to: &bytes)
  }

  /// Appends `{"op":…,"id":…,…}` as a text frame; nothing where only data is sent.
  ///
  /// - Parameter id: the client's, as it stood in its message; empty where it gave none.
  func appendObject(
    _ op: String, id: [UInt8] = [], to bytes: inout [UInt8],
    _ members: (inout JSONWriter) -> Void
  ) {
    guard content == .event else { return }
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("op", op)
    if !id.isEmpty {
      writer.key("id")
      writer.raw(id)
    }
    members(&writer)
    writer.endObject()
    appendText(writer.bytes, to: &bytes)
  }

  private func appendText(_ text: [UInt8], to bytes: inout [UInt8]) {
    guard let deflate, text.count >= MessageDeflate.bytesMin else {
      return WebSocketFrame.append(.text, text, to: &bytes)
    }
    WebSocketFrame.append(.text, deflate.get.deflate(text), isCompressed: true, to: &bytes)
  }
}

extension EndReason {
  /// The close code that says it (RFC 6455 section 7.4.1 and the IANA registry).
  var closeCode: UInt16 {
    switch self {
    case .clientClosed, .over: 1000
    case .protocolError: 1002
    case .tooBig: 1009
    case .rateLimited, .slowMessage, .silent: 1008
    case .socketError: 1011
    case .shutdown: 1012
    case .stalled, .stalledFrames, .controlLane, .overflow, .hole, .backplaneAway,
      .tooManyChannels, .tooManyConnections:
      1013
    }
  }
}
