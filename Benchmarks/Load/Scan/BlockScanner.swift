import Glibc

/// Finds the blocks of an event stream and reads no more of them than a load test needs: the
/// position, and when the publisher sent the event. It allocates nothing for an event: a load side
/// that is slower than the server would measure itself.
enum BlockScanner {
  private static let lineFeed = UInt8(ascii: "\n")

  /// The next whole block of `bytes[index..<end]`; `index` moves behind it. `nil` when it is not
  /// all there.
  static func next(
    _ bytes: UnsafePointer<UInt8>, _ index: inout Int, end: Int, dialect: Dialect = .fanfare
  ) -> ReceivedMessage? {
    let start = index
    var line = start
    // The two lines of an event that are read: `id: POSITION`, `data: {"t":NANOSECONDS`.
    var data: Int?
    while true {
      guard line < end, let found = memchr(bytes + line, Int32(lineFeed), end - line) else {
        return nil
      }
      let lineEnd = UnsafePointer(found.assumingMemoryBound(to: UInt8.self)) - bytes
      if lineEnd == line { break }
      if data == nil, bytes[line] == UInt8(ascii: "d") { data = line }
      line = lineEnd + 1
    }
    index = line + 1
    guard bytes[start] == UInt8(ascii: "i"), line > start + 4 else {
      return control(bytes + start, count: line - start)
    }
    var reader = ByteReader(bytes, at: start + 4, end: line)
    let position = reader.position(until: lineFeed)
    guard let data else { return .cursor(position) }
    guard dialect == .fanfare else {
      return NumberedData.event(bytes + data + 6, count: line - data - 6)
    }
    var clock = ByteReader(bytes, at: data + 11, end: line)
    return .event(position, sentNanoseconds: clock.decimal())
  }

  /// The same for checked bytes.
  static func next(_ input: Span<UInt8>, _ index: inout Int) -> ReceivedMessage? {
    input.withUnsafeBufferPointer { buffer in
      guard let bytes = buffer.baseAddress else { return nil }
      return next(bytes, &index, end: buffer.count)
    }
  }

  private static func control(_ bytes: UnsafePointer<UInt8>, count: Int) -> ReceivedMessage {
    let text = String(decoding: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self)
    if text.hasPrefix("event: fanfare.gap\n") {
      return .gap(
        from: MessageText.number(after: "\"from\":\"", in: text),
        to: MessageText.number(after: "\"to\":\"", in: text))
    }
    if text.hasPrefix("event: fanfare.bye\n") { return .bye }
    return text.contains("\"verdict\":\"reset\"") ? .reset : .other
  }
}

/// Reads what is said seldom out of a message's text.
enum MessageText {
  /// The digits behind `word`; 0 where there are none.
  static func number(after word: String, in text: String) -> UInt64 {
    guard let range = text.firstRange(of: word) else { return 0 }
    return UInt64(text[range.upperBound...].prefix { $0.isNumber }) ?? 0
  }
}
