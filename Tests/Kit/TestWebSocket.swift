import FanfareRuntime

/// One WebSocket of a test. It knows nothing of the server's own codecs, so that a fault there
/// cannot hide here; what a server has no reason to send is a fault.
package final class TestWebSocket {
  /// What the server has sent.
  package enum Item: Sendable, Equatable {
    case text([UInt8])
    case binary([UInt8])
    case ping([UInt8])
    case pong([UInt8])
    /// A close frame; the code is `nil` where it has none.
    case close(UInt16?, reason: String)
  }

  package let connection: TestConnection
  /// The head of the answer that switched protocols.
  package let head: HTTPAnswer
  /// Whether permessage-deflate was agreed on.
  package let isCompressed: Bool
  /// The compressed messages read so far.
  package private(set) var compressedCount = 0
  /// Every JSON message read so far.
  package private(set) var messages: [SocketMessage] = []
  private var random: SeededGenerator

  /// Opens a WebSocket at `target`, and sends `first` in the same packet as the handshake.
  package init(
    port: UInt16, _ target: String, _ fields: [String] = [], first: [UInt8] = [],
    receiveBufferBytes: Int? = nil, seed: UInt64 = 1
  ) throws {
    random = SeededGenerator(seed: seed)
    connection = try TestConnection(port: port, receiveBufferBytes: receiveBufferBytes)
    let lines = ["GET \(target) HTTP/1.1", "Host: localhost"] + Self.handshake + fields
    let request = lines.map { $0 + "\r\n" }.joined() + "\r\n"
    try connection.send(Array(request.utf8) + first)
    head = try connection.head()
    // The example of RFC 6455 section 1.3.
    guard head.status == 101, head["upgrade"] == "websocket", head["connection"] == "Upgrade",
      head["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", head["content-length"] == nil
    else { throw ClientFailure.malformed("no WebSocket: \(head.statusLine) \(head.fields)") }
    isCompressed = head["sec-websocket-extensions"]?.hasPrefix("permessage-deflate") == true
  }

  /// The fields by which a request asks to become a WebSocket.
  package static let handshake = [
    "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  ]

  // MARK: Out

  package func send(_ bytes: [UInt8], _ deadline: Deadline = Deadline()) throws {
    try connection.send(bytes, deadline)
  }

  /// Sends one frame.
  package func frame(
    _ opcode: UInt8, _ payload: [UInt8], isFinal: Bool = true, reserved: UInt8 = 0
  ) throws {
    let mask = random.bytes(count: 4...4)
    try send(
      SocketFrame.bytes(opcode, payload, isFinal: isFinal, reserved: reserved, mask: mask))
  }

  /// Sends a message in one frame.
  package func text(_ text: String) throws { try frame(SocketFrame.text, Array(text.utf8)) }

  /// Sends a message in frames whose payloads are at most `bytesMax` long.
  package func fragments(_ opcode: UInt8, _ payload: [UInt8], bytesMax: Int) throws {
    var bytes: [UInt8] = []
    var start = 0
    repeat {
      let end = min(payload.count, start + bytesMax)
      bytes += SocketFrame.bytes(
        start == 0 ? opcode : SocketFrame.continuation, Array(payload[start..<end]),
        isFinal: end == payload.count, mask: random.bytes(count: 4...4))
      start = end
    } while start < payload.count
    try send(bytes)
  }

  package func ping(_ payload: [UInt8] = []) throws { try frame(SocketFrame.ping, payload) }

  /// Sends a close frame, with a code or without.
  package func close(_ code: UInt16? = nil, reason: String = "") throws {
    try frame(SocketFrame.close, SocketFrame.closePayload(code, Array(reason.utf8)))
  }

  // MARK: In

  /// The next item.
  package func next(_ deadline: Deadline = Deadline()) throws -> Item {
    let frame = try connection.read("a frame", deadline) { try SocketFrame.first(of: &$0) }
    var payload = frame.payload
    let isData = frame.opcode == SocketFrame.text || frame.opcode == SocketFrame.binary
    if frame.reserved != 0 {
      guard frame.reserved == 0x40, isCompressed, isData else {
        throw ClientFailure.malformed("reserved bits \(frame.reserved)")
      }
      compressedCount += 1
      payload = try InflateModel.inflate(payload + [0, 0, 0xFF, 0xFF])
    }
    switch frame.opcode {
    case SocketFrame.text:
      guard String(validating: payload, as: UTF8.self) != nil else {
        throw ClientFailure.malformed("a text that is not UTF-8")
      }
      return .text(payload)
    case SocketFrame.binary: return .binary(payload)
    case SocketFrame.ping: return .ping(payload)
    case SocketFrame.pong: return .pong(payload)
    case SocketFrame.close: return try Self.close(payload)
    default: throw ClientFailure.malformed("opcode \(frame.opcode)")
    }
  }

  private static func close(_ payload: [UInt8]) throws -> Item {
    guard !payload.isEmpty else { return .close(nil, reason: "") }
    guard payload.count >= 2,
      let reason = String(validating: payload.dropFirst(2), as: UTF8.self)
    else { throw ClientFailure.malformed("a close frame of \(payload)") }
    return .close(UInt16(payload[0]) << 8 | UInt16(payload[1]), reason: reason)
  }

  /// The next JSON message. Pings are answered as a browser does.
  package func message(_ deadline: Deadline = Deadline()) throws -> SocketMessage {
    while true {
      switch try next(deadline) {
      case .text(let text):
        let message = try SocketMessage(text)
        messages.append(message)
        return message
      case .ping(let payload): try frame(SocketFrame.pong, payload)
      case .pong: continue
      case .close(let code, let reason):
        throw ClientFailure.closed("a message: \(code ?? 0) \(reason)")
      case .binary: throw ClientFailure.malformed("a binary message")
      }
    }
  }

  /// The next message for which `isWanted` holds; those before it are passed over.
  package func message(
    _ deadline: Deadline = Deadline(), where isWanted: (SocketMessage) -> Bool
  ) throws -> SocketMessage {
    while true {
      let message = try message(deadline)
      if isWanted(message) { return message }
    }
  }

  /// The next `count` events; positions between them are passed over, anything else is a fault.
  package func events(_ count: Int, _ deadline: Deadline = Deadline()) throws -> [SocketMessage] {
    var events: [SocketMessage] = []
    while events.count < count {
      let message = try message(deadline)
      switch message.op {
      case "event": events.append(message)
      case "position": break
      default: throw ClientFailure.malformed("among the events: \(message.text)")
      }
    }
    return events
  }

  /// Sends a message and reads the next one for its `id`, whatever comes between.
  package func ask(_ text: String, id: Int) throws -> SocketMessage {
    try self.text(text)
    return try message { $0.id == id }
  }

  /// The close frame, which must come now or after messages; then the end of the connection, after
  /// the close frame has been answered.
  package func closed(_ deadline: Deadline = Deadline()) throws -> UInt16? {
    while true {
      switch try next(deadline) {
      case .text(let text): messages.append(try SocketMessage(text))
      case .close(let code, _):
        try? close(code)
        guard try connection.isClosedSilently(deadline) else {
          throw ClientFailure.malformed("bytes behind the close frame")
        }
        return code
      case .binary, .ping, .pong: break
      }
    }
  }

  /// Whether nothing more comes, and the server has closed the connection.
  package func isEnded(_ deadline: Deadline = Deadline()) throws -> Bool {
    try connection.isClosedSilently(deadline)
  }
}
