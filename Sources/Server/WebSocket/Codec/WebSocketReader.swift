/// Takes the byte stream of a WebSocket peer apart into messages, to the letter of RFC 6455 section
/// 5. Sans-I/O: it eats spans and returns what they held.
///
/// A violation is found as early as it can be: a text that is not UTF-8 with its first wrong byte,
/// a message too big with the head of the frame that makes it so.
struct WebSocketReader {
  /// What the peer has sent.
  enum Item: Equatable {
    case text([UInt8])
    case binary([UInt8])
    case ping([UInt8])
    case pong([UInt8])
    /// The closing handshake; `nil` where the peer gave no code.
    case close(UInt16?)
  }

  enum Outcome: Equatable {
    case needsMore
    case item(Item)
    case failed(WebSocketFault)
  }

  /// The frame whose payload is being read.
  private struct Frame {
    let opcode: WebSocketOpcode
    let isFinal: Bool
    let isCompressed: Bool
    let mask: UInt32?
    let length: Int
    var read = 0
  }

  private enum Kind {
    case text
    case binary
  }

  private let messageBytesMax: Int
  /// Whether the peer masks its frames: a client does, a server does not.
  private let isMasked: Bool
  private let inflater: (any MessageInflater)?
  private var frame: Frame?
  /// What the message is whose frames are being put together.
  private var kind: Kind?
  private var isCompressed = false
  private var payload: [UInt8] = []
  private var text = UTF8Checker()
  private var control: [UInt8] = []

  /// - Parameters:
  ///   - messageBytesMax: the bytes of one message, compressed or not.
  ///   - inflater: given where compression was negotiated.
  init(messageBytesMax: Int, isMasked: Bool = true, inflater: (any MessageInflater)? = nil) {
    self.messageBytesMax = messageBytesMax
    self.isMasked = isMasked
    self.inflater = inflater
  }

  /// What does not shrink grows: each stored block has a head.
  private var compressedBytesMax: Int { messageBytesMax + messageBytesMax / 16 + 64 }

  /// Whether a message or a frame has begun and not ended.
  var isWithinMessage: Bool { frame != nil || kind != nil }

  /// Reads on.
  ///
  /// - Parameter consumed: how many bytes of `input` are done with.
  mutating func read(_ input: Span<UInt8>, consumed: inout Int) -> Outcome {
    consumed = 0
    do throws(WebSocketFault) {
      while true {
        var current: Frame
        if let frame {
          current = frame
        } else {
          let rest = input.extracting(consumed..<input.count)
          guard let (frame, bytes) = try head(rest) else { return .needsMore }
          current = frame
          consumed += bytes
        }
        try readPayload(input, &consumed, &current)
        guard current.read == current.length else {
          frame = current
          return .needsMore
        }
        frame = nil
        if let item = try end(current) { return .item(item) }
      }
    } catch {
      return .failed(error)
    }
  }

  // MARK: Head

  private func head(_ input: Span<UInt8>) throws(WebSocketFault) -> (Frame, bytes: Int)? {
    guard input.count >= 2 else { return nil }
    let (first, second) = (input[0], input[1])
    guard let opcode = WebSocketOpcode(rawValue: first & 0x0F) else {
      throw .violation("a reserved opcode")
    }
    let isFinal = first & 0x80 != 0
    let reserved = first & 0x70
    try checkOrder(opcode, isFinal: isFinal)
    // RSV1 marks a compressed message, in its first frame (RFC 7692 section 6).
    let isCompressed = reserved == 0x40 && inflater != nil && (opcode == .text || opcode == .binary)
    guard reserved == 0 || isCompressed else { throw .violation("reserved bits are set") }
    guard (second & 0x80 != 0) == isMasked else {
      throw .violation(isMasked ? "a frame without a mask" : "a frame with a mask")
    }
    let isPartOfCompressed = isCompressed || kind != nil && self.isCompressed
    guard
      let (length, lengthBytes) = try length(
        input, short: second & 0x7F, opcode,
        payloadMax: isPartOfCompressed ? compressedBytesMax : messageBytesMax)
    else { return nil }
    let end = 2 + lengthBytes + (isMasked ? 4 : 0)
    guard input.count >= end else { return nil }
    var mask: UInt32?
    if isMasked { mask = UInt32(truncatingIfNeeded: Self.integer(input, end - 4..<end)) }
    let frame = Frame(
      opcode: opcode, isFinal: isFinal, isCompressed: isCompressed, mask: mask, length: length)
    return (frame, end)
  }

  private func checkOrder(
    _ opcode: WebSocketOpcode, isFinal: Bool
  ) throws(WebSocketFault) {
    switch opcode {
    case .close, .ping, .pong:
      guard isFinal else { throw .violation("a control frame in fragments") }
    case .continuation:
      guard kind != nil else { throw .violation("a continuation of nothing") }
    case .text, .binary:
      guard kind == nil else { throw .violation("a message within another") }
    }
  }

  /// The payload's length, and how many bytes beyond the second it took.
  ///
  /// - Parameter payloadMax: the bytes of all frames of the message.
  private func length(
    _ input: Span<UInt8>, short: UInt8, _ opcode: WebSocketOpcode, payloadMax: Int
  ) throws(WebSocketFault) -> (Int, bytes: Int)? {
    let extra = short < 126 ? 0 : (short == 126 ? 2 : 8)
    guard !opcode.isControl || extra == 0 else { throw .violation("a control frame too long") }
    guard input.count >= 2 + extra else { return nil }
    let value = extra == 0 ? UInt64(short) : Self.integer(input, 2..<2 + extra)
    let least: UInt64 = extra == 0 ? 0 : (extra == 2 ? 126 : 0x1_0000)
    guard value >= least, value < 1 << 63 else {
      throw .violation("a length that is not written as short as it can be")
    }
    guard opcode.isControl || value <= UInt64(payloadMax - payload.count) else {
      throw .tooBig(messageBytesMax)
    }
    return (Int(value), extra)
  }

  private static func integer(_ input: Span<UInt8>, _ range: Range<Int>) -> UInt64 {
    range.reduce(0) { $0 << 8 | UInt64(input[$1]) }
  }

  // MARK: Payload

  private mutating func readPayload(
    _ input: Span<UInt8>, _ consumed: inout Int, _ frame: inout Frame
  ) throws(WebSocketFault) {
    let count = min(frame.length - frame.read, input.count - consumed)
    let part = input.extracting(consumed..<consumed + count)
    consumed += count
    switch frame.opcode {
    case .close, .ping, .pong: Self.append(part, frame, to: &control)
    case .text: begin(.text, frame)
    case .binary: begin(.binary, frame)
    case .continuation: break
    }
    if !frame.opcode.isControl {
      let start = payload.count
      Self.append(part, frame, to: &payload)
      if kind == .text, !isCompressed, !text.accepts(payload, from: start) {
        throw .invalidText
      }
    }
    frame.read += count
  }

  private mutating func begin(_ kind: Kind, _ frame: Frame) {
    guard self.kind == nil else { return }
    self.kind = kind
    isCompressed = frame.isCompressed
    text = UTF8Checker()
  }

  private static func append(_ part: Span<UInt8>, _ frame: Frame, to bytes: inout [UInt8]) {
    guard !part.isEmpty else { return }
    bytes.append(addingCapacity: part.count) { output in
      guard let mask = frame.mask else {
        for index in part.indices { output.append(part[index]) }
        return
      }
      for index in part.indices {
        output.append(part[index] ^ WebSocketMask.byte(mask, at: frame.read + index))
      }
    }
  }

  // MARK: End

  /// What a whole frame completes, if anything.
  private mutating func end(_ frame: Frame) throws(WebSocketFault) -> Item? {
    switch frame.opcode {
    case .ping: return .ping(takeControl())
    case .pong: return .pong(takeControl())
    case .close: return .close(try Self.closeCode(takeControl()))
    case .text, .binary, .continuation:
      guard frame.isFinal else { return nil }
      return try endMessage()
    }
  }

  private mutating func takeControl() -> [UInt8] {
    defer { control = [] }
    return control
  }

  private mutating func endMessage() throws(WebSocketFault) -> Item {
    var bytes: [UInt8] = []
    swap(&bytes, &payload)
    let isText = kind == .text
    kind = nil
    if isCompressed, let inflater {
      bytes = try inflater.inflate(bytes, bytesMax: messageBytesMax)
      if isText, !text.accepts(bytes, from: 0) { throw .invalidText }
    }
    guard isText else { return .binary(bytes) }
    guard text.isAtBoundary else { throw .invalidText }
    return .text(bytes)
  }

  /// The code of a close frame (section 7.4): only those that may be sent are taken.
  private static func closeCode(_ payload: [UInt8]) throws(WebSocketFault) -> UInt16? {
    guard !payload.isEmpty else { return nil }
    guard payload.count >= 2 else { throw .violation("a close code of one byte") }
    let code = UInt16(payload[0]) << 8 | UInt16(payload[1])
    switch code {
    case 1000...1003, 1007...1014, 3000...4999: break
    default: throw .violation("a close code that may not be sent")
    }
    var reason = UTF8Checker()
    guard reason.accepts(payload, from: 2), reason.isAtBoundary else { throw .invalidText }
    return code
  }
}
