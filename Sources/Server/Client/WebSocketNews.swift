/// Reads what a server sends to a follower over WebSocket. Sans-I/O.
struct WebSocketNews {
  private var reader: WebSocketReader
  private let channels: [String]
  private var positions: [String]
  /// Makes the masks of what is sent; a client's need not be secret here, only changing.
  private var mask: UInt32
  /// The beginning of a frame's head, which the reader leaves until it is whole.
  private var unread: [UInt8] = []

  /// - Parameter cursor: what the request resumed after.
  init(_ channels: [String], after cursor: String?, eventBytesMax: Int, mask: UInt32) {
    reader = WebSocketReader(messageBytesMax: eventBytesMax, isMasked: false)
    self.channels = channels
    self.mask = mask
    let parts = (cursor ?? "").split(separator: ",").map(String.init)
    positions = parts.count == channels.count ? parts : channels.map { _ in "-" }
  }

  /// Reads `bytes`, which may end anywhere.
  mutating func receive(_ bytes: [UInt8]) throws(ClientError) -> [FollowerSignal] {
    let bytes = unread + bytes
    unread = []
    var signals: [FollowerSignal] = []
    var index = 0
    while true {
      var consumed = 0
      let rest = bytes.span.extracting(index..<bytes.count)
      let outcome = reader.read(rest, consumed: &consumed)
      index += consumed
      switch outcome {
      case .needsMore:
        unread = Array(bytes[index...])
        return signals
      case .failed(let fault):
        throw .notUnderstood("the server broke the WebSocket protocol: \(fault.reason)")
      case .item(.text(let text)): signals += try message(text)
      case .item(.ping(let payload)): signals.append(.answer(frame(.pong, payload)))
      case .item(.close(let code)):
        let payload = WebSocketFrame.closePayload(code)
        return signals + [.answer(frame(.close, payload)), .closed]
      case .item(.binary), .item(.pong): break
      }
    }
  }

  private mutating func frame(_ opcode: WebSocketOpcode, _ payload: [UInt8]) -> [UInt8] {
    mask = mask &* 1_664_525 &+ 1_013_904_223
    var bytes: [UInt8] = []
    WebSocketFrame.appendMasked(opcode, payload, mask: mask, to: &bytes)
    return bytes
  }

  // MARK: Messages

  private mutating func message(_ text: [UInt8]) throws(ClientError) -> [FollowerSignal] {
    guard let fields = JSONFields(text), let op = fields.string("op") else {
      throw Self.notUnderstood("message")
    }
    switch op {
    case "attached":
      guard let objects = fields.objects("channels") else { throw Self.notUnderstood(op) }
      let attached = objects.compactMap(AttachedChannel.init)
      guard attached.count == objects.count else { throw Self.notUnderstood(op) }
      for channel in attached { place(channel.channel, channel.position) }
      return [.news(.attached(attached)), .news(.cursor(cursor))]
    case "event":
      guard let channel = fields.string("channel"), let position = fields.string("position") else {
        throw Self.notUnderstood(op)
      }
      place(channel, position)
      guard let event = ReceivedEvent(Self.withoutOp(text), cursor: cursor) else {
        throw Self.notUnderstood(op)
      }
      return [.news(.event(event))]
    case "position":
      place(fields.string("channel") ?? "", fields.string("position") ?? "-")
      return [.news(.cursor(cursor))]
    case "gap":
      guard let missed = MissedEvents(fields) else { throw Self.notUnderstood(op) }
      place(missed.channel, missed.to)
      return [.news(.gap(missed)), .news(.cursor(cursor))]
    case "degraded": return [.news(.degraded)]
    case "restored": return [.news(.restored)]
    case "bye":
      let bye = FollowerSignal.news(.bye(reason: fields.string("reason") ?? "unknown"))
      guard let retry = fields.int("retry"), retry >= 0 else { return [bye] }
      return [.retry(milliseconds: retry), bye]
    default: return []
    }
  }

  private var cursor: String { positions.joined(separator: ",") }

  private mutating func place(_ channel: String, _ position: String) {
    guard let index = channels.firstIndex(of: channel) else { return }
    positions[index] = position
  }

  /// The event object alone: the server writes `op` in front of its members.
  private static func withoutOp(_ text: [UInt8]) -> [UInt8] {
    let op = Array(#"{"op":"event","#.utf8)
    return text.starts(with: op) ? [UInt8(ascii: "{")] + text.dropFirst(op.count) : text
  }

  private static func notUnderstood(_ what: String) -> ClientError {
    .notUnderstood("the server sent a \(what) that is not one; is it a Fanfare server?")
  }
}
