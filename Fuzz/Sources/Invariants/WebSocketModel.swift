@testable import FanfareServer

/// RFC 6455 sections 5 and 7.4 over a whole stream at once, as plainly as they can be told.
struct WebSocketModel {
  struct Outcome: Equatable {
    var items: [WebSocketReader.Item] = []
    /// The close code of the fault that ends it.
    var code: UInt16?
  }

  private struct Frame {
    let opcode: UInt8
    let isFinal: Bool
    let reserved: UInt8
    /// What has come of the payload.
    let payload: [UInt8]
    let isWhole: Bool
  }

  private struct Message {
    let isText: Bool
    let isCompressed: Bool
    var bytes: [UInt8] = []
  }

  private let stream: [UInt8]
  private let isMasked: Bool
  private let inflates: Bool
  private let messageBytesMax: Int
  private var place = 0
  private var message: Message?
  private var outcome = Outcome()

  init(_ stream: [UInt8], isMasked: Bool, inflates: Bool, messageBytesMax: Int) {
    self.stream = stream
    self.isMasked = isMasked
    self.inflates = inflates
    self.messageBytesMax = messageBytesMax
  }

  mutating func run() -> Outcome {
    while outcome.code == nil, let frame = next() {
      take(frame)
      if !frame.isWhole { break }
    }
    return outcome
  }

  private mutating func fail(_ code: UInt16) -> Frame? {
    outcome.code = code
    return nil
  }

  private mutating func next() -> Frame? {
    let rest = stream[place...]
    guard rest.count >= 2 else { return nil }
    let (first, second) = (rest[place], rest[place + 1])
    let opcode = first & 0x0F
    let reserved = first >> 4 & 7
    let isFinal = first >> 7 == 1
    guard [0, 1, 2, 8, 9, 10].contains(opcode) else { return fail(1002) }
    if opcode >= 8, !isFinal { return fail(1002) }
    if opcode == 0, message == nil { return fail(1002) }
    if opcode == 1 || opcode == 2, message != nil { return fail(1002) }
    guard reserved == 0 || reserved == 4 && inflates && (opcode == 1 || opcode == 2) else {
      return fail(1002)
    }
    guard (second >> 7 == 1) == isMasked else { return fail(1002) }
    var length = UInt64(second & 0x7F)
    if opcode >= 8, length > 125 { return fail(1002) }
    let extra = length < 126 ? 0 : length == 126 ? 2 : 8
    guard rest.count >= 2 + extra else { return nil }
    if extra > 0 {
      length = rest[(place + 2)..<(place + 2 + extra)].reduce(0) { $0 << 8 + UInt64($1) }
      if length < (extra == 2 ? 126 : 65_536) || length >> 63 == 1 { return fail(1002) }
    }
    let isCompressed = reserved == 4 || message?.isCompressed == true
    let bound = messageBytesMax + (isCompressed ? messageBytesMax / 16 + 64 : 0)
    if opcode < 8, length > UInt64(bound - (message?.bytes.count ?? 0)) { return fail(1009) }
    let head = 2 + extra + (isMasked ? 4 : 0)
    guard rest.count >= head else { return nil }
    let mask = isMasked ? Array(rest[(place + head - 4)..<(place + head)]) : [0, 0, 0, 0]
    let count = min(Int(length), rest.count - head)
    let payload = (0..<count).map { stream[place + head + $0] ^ mask[$0 % 4] }
    place += head + count
    return Frame(
      opcode: opcode, isFinal: isFinal, reserved: reserved, payload: payload,
      isWhole: count == Int(length))
  }

  private mutating func take(_ frame: Frame) {
    switch frame.opcode {
    case 8: if frame.isWhole { close(frame.payload) }
    case 9: if frame.isWhole { outcome.items.append(.ping(frame.payload)) }
    case 10: if frame.isWhole { outcome.items.append(.pong(frame.payload)) }
    default: data(frame)
    }
  }

  private mutating func data(_ frame: Frame) {
    var current =
      message ?? Message(isText: frame.opcode == 1, isCompressed: frame.reserved == 4)
    current.bytes += frame.payload
    message = current
    if current.isText, !current.isCompressed, !Self.canBegin(current.bytes) {
      outcome.code = 1007
      return
    }
    guard frame.isWhole, frame.isFinal else { return }
    message = nil
    if current.bytes.count > messageBytesMax {
      outcome.code = 1009
    } else if !current.isText {
      outcome.items.append(.binary(current.bytes))
    } else if String(validating: current.bytes, as: UTF8.self) == nil {
      outcome.code = 1007
    } else {
      outcome.items.append(.text(current.bytes))
    }
  }

  private mutating func close(_ payload: [UInt8]) {
    guard payload.count != 0 else { return outcome.items.append(.close(nil)) }
    guard payload.count >= 2 else { return outcome.code = 1002 }
    let code = UInt16(payload[0]) * 256 + UInt16(payload[1])
    let allowed: Set<UInt16> = [
      1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014,
    ]
    guard allowed.contains(code) || code >= 3000 && code < 5000 else { return outcome.code = 1002 }
    guard String(validating: payload.dropFirst(2), as: UTF8.self) != nil else {
      return outcome.code = 1007
    }
    outcome.items.append(.close(code))
  }

  /// Whether a text may begin with `bytes`: it is one, or becomes one by more bytes of its last
  /// character. Any second byte that a first byte allows is between these two or one of them.
  static func canBegin(_ bytes: [UInt8]) -> Bool {
    for filler: UInt8 in [0x80, 0xBF] {
      for count in 0...3
      where String(
        validating: bytes + [UInt8](repeating: filler, count: count), as: UTF8.self) != nil
      {
        return true
      }
    }
    return false
  }
}
