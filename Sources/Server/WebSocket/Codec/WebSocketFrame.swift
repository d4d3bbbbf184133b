/// What a frame carries (RFC 6455 section 11.8).
enum WebSocketOpcode: UInt8, Sendable {
  case continuation = 0x0
  case text = 0x1
  case binary = 0x2
  case close = 0x8
  case ping = 0x9
  case pong = 0xA

  var isControl: Bool { rawValue >= 0x8 }
}

/// Writes frames (RFC 6455 section 5.2).
enum WebSocketFrame {
  /// The most bytes of a control frame's payload (section 5.5).
  static let controlBytesMax = 125

  /// Appends the head of an unfragmented frame.
  ///
  /// - Parameters:
  ///   - isCompressed: sets RSV1 (RFC 7692 section 6).
  ///   - isMasked: what a client sets; the mask then follows the head.
  static func appendHead(
    _ opcode: WebSocketOpcode, length: Int, isCompressed: Bool = false, isMasked: Bool = false,
    to bytes: inout [UInt8]
  ) {
    bytes.append(0x80 | (isCompressed ? 0x40 : 0) | opcode.rawValue)
    let mask: UInt8 = isMasked ? 0x80 : 0
    switch length {
    case ...125: bytes.append(mask | UInt8(length))
    case ...0xFFFF:
      bytes.append(mask | 126)
      appendInteger(UInt64(length), bytes: 2, to: &bytes)
    default:
      bytes.append(mask | 127)
      appendInteger(UInt64(length), bytes: 8, to: &bytes)
    }
  }

  /// Appends a whole frame as a server sends it.
  static func append(
    _ opcode: WebSocketOpcode, _ payload: [UInt8], isCompressed: Bool = false,
    to bytes: inout [UInt8]
  ) {
    appendHead(opcode, length: payload.count, isCompressed: isCompressed, to: &bytes)
    bytes.append(contentsOf: payload)
  }

  /// Appends a whole frame as a client sends it (section 5.3).
  ///
  /// - Parameter mask: a fresh random number.
  static func appendMasked(
    _ opcode: WebSocketOpcode, _ payload: [UInt8], mask: UInt32, to bytes: inout [UInt8]
  ) {
    appendHead(opcode, length: payload.count, isMasked: true, to: &bytes)
    appendInteger(UInt64(mask), bytes: 4, to: &bytes)
    for (index, byte) in payload.enumerated() {
      bytes.append(byte ^ WebSocketMask.byte(mask, at: index))
    }
  }

  /// Appends a close frame (section 5.5.1); without a code its payload is empty. A reason that is
  /// too long is cut.
  static func appendClose(_ code: UInt16?, reason: String = "", to bytes: inout [UInt8]) {
    append(.close, closePayload(code, reason: reason), to: &bytes)
  }

  /// The payload of a close frame.
  static func closePayload(_ code: UInt16?, reason: String = "") -> [UInt8] {
    guard let code else { return [] }
    var payload: [UInt8] = []
    appendInteger(UInt64(code), bytes: 2, to: &payload)
    for character in reason {
      let text = Array(String(character).utf8)
      guard payload.count + text.count <= controlBytesMax else { break }
      payload += text
    }
    return payload
  }

  private static func appendInteger(_ value: UInt64, bytes count: Int, to bytes: inout [UInt8]) {
    for place in stride(from: (count - 1) * 8, through: 0, by: -8) {
      bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(place)))
    }
  }
}

/// The mask of a client's frame (RFC 6455 section 5.3): four bytes, the first the highest.
enum WebSocketMask {
  /// The byte of `mask` that covers the payload's byte at `index`.
  static func byte(_ mask: UInt32, at index: Int) -> UInt8 {
    UInt8(truncatingIfNeeded: mask >> UInt32(24 - (index & 3) * 8))
  }
}
