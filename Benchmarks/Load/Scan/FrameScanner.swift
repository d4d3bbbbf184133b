import Glibc

/// Finds the frames of a server's WebSocket (RFC 6455 section 5.2) and reads no more of them than
/// ``BlockScanner`` does of blocks. A server masks nothing; events come in one frame each.
struct FrameScanner {
  /// What an event's text begins with, up to its position.
  private let eventStart: [UInt8]
  private let dialect: Dialect

  init(channel: String, dialect: Dialect = .fanfare) {
    self.dialect = dialect
    eventStart = Array(#"{"op":"event","channel":"\#(channel)","position":""#.utf8)
  }

  /// The next whole frame of `bytes[index..<end]`; `index` moves behind it. `nil` when it is not
  /// all there.
  func next(_ bytes: UnsafePointer<UInt8>, _ index: inout Int, end: Int) -> ReceivedMessage? {
    guard end - index >= 2 else { return nil }
    var start = index + 2
    var length = Int(bytes[index + 1])
    if length >= 126 {
      let lengthBytes = length == 126 ? 2 : 8
      guard end - start >= lengthBytes else { return nil }
      length = (0..<lengthBytes).reduce(0) { $0 << 8 | Int(bytes[start + $1]) }
      start += lengthBytes
    }
    guard length <= end - start else { return nil }
    let opcode = bytes[index] & 0x0F
    index = start + length
    switch opcode {
    case 1: return message(bytes + start, count: length)
    case 8: return .bye
    case 9: return .ping
    default: return .other
    }
  }

  /// The same for checked bytes.
  func next(_ input: Span<UInt8>, _ index: inout Int) -> ReceivedMessage? {
    input.withUnsafeBufferPointer { buffer in
      guard let bytes = buffer.baseAddress else { return nil }
      return next(bytes, &index, end: buffer.count)
    }
  }

  private func message(_ text: UnsafePointer<UInt8>, count: Int) -> ReceivedMessage {
    guard dialect == .fanfare else { return NumberedData.event(text, count: count) }
    guard count > eventStart.count, memcmp(text, eventStart, eventStart.count) == 0 else {
      return control(text, count: count)
    }
    var reader = ByteReader(text, at: eventStart.count, end: count)
    let position = reader.position(until: UInt8(ascii: "\""))
    // `","type":"TYPE","data":{"t":`
    reader.skip(10)
    while reader.index < count, text[reader.index] != UInt8(ascii: "\"") { reader.skip(1) }
    reader.skip(14)
    return .event(position, sentNanoseconds: reader.decimal())
  }

  private func control(_ bytes: UnsafePointer<UInt8>, count: Int) -> ReceivedMessage {
    let text = String(decoding: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self)
    if text.hasPrefix(#"{"op":"gap""#) {
      return .gap(
        from: MessageText.number(after: "\"from\":\"", in: text),
        to: MessageText.number(after: "\"to\":\"", in: text))
    }
    if text.hasPrefix(#"{"op":"bye""#) { return .bye }
    if text.contains(#""verdict":"reset""#) { return .reset }
    let isCursor = text.hasPrefix(#"{"op":"attached""#) || text.hasPrefix(#"{"op":"position""#)
    guard isCursor, let range = text.firstRange(of: #""position":""#) else { return .other }
    let position = text[range.upperBound...].prefix { $0 != "\"" }
    var terminated = Array(position.utf8)
    terminated.append(UInt8(ascii: "\""))
    return terminated.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return .other }
      var reader = ByteReader(base, at: 0, end: buffer.count)
      return .cursor(reader.position(until: UInt8(ascii: "\"")))
    }
  }
}
