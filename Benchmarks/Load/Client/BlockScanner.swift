/// Finds the blocks of an event stream and reads no more of them than a load test needs: the
/// position, and when the publisher sent the event. It allocates nothing for an event, and looks at
/// most bytes once: a load side that is slower than the server would measure itself.
enum BlockScanner {
  enum Block {
    case event(StreamPosition, sentNanoseconds: UInt64)
    case cursor(StreamPosition)
    case gap(from: UInt64, to: UInt64)
    /// The log began anew: never, while a scenario runs.
    case reset
    case bye
    /// A comment, a reconnection time, a verdict.
    case other
  }

  /// The next whole block from `index` on, which moves behind it; `nil` when it is not all there.
  static func next(_ input: Span<UInt8>, _ index: inout Int) -> Block? {
    guard let end = end(input, from: index) else { return nil }
    let block = input.extracting(index..<end)
    index = end + 1
    // `id: `, the beginning of all but control blocks.
    if block.count > 4, block[0] == 0x69, block[1] == 0x64, block[2] == 0x3A {
      return positioned(block)
    }
    return control(block)
  }

  private static let lineFeed = UInt8(ascii: "\n")

  /// The place behind the first of the two line ends that end the block.
  private static func end(_ input: Span<UInt8>, from start: Int) -> Int? {
    // One of any two neighbours is looked at: two line ends in a row cannot be missed.
    var index = start + 1
    while index < input.count {
      if input[index] == lineFeed {
        if input[index - 1] == lineFeed { return index }
        if index + 1 < input.count, input[index + 1] == lineFeed { return index + 1 }
      }
      index += 2
    }
    return nil
  }

  private static func positioned(_ block: Span<UInt8>) -> Block {
    var index = 4
    let offset = decimal(block, &index)
    var epoch: UInt64 = 0xCBF2_9CE4_8422_2325
    while block[index] != lineFeed {
      epoch = (epoch ^ UInt64(block[index])) &* 0x100_0000_01B3
      index += 1
    }
    let position = StreamPosition(offset: offset, epoch: epoch)
    index += 1
    guard index < block.count else { return .cursor(position) }
    // `event: TYPE`, then `data: {"t":`.
    if block[index] == UInt8(ascii: "e") {
      while block[index] != lineFeed { index += 1 }
      index += 1
    }
    index += 11
    let sent = index < block.count ? decimal(block, &index) : 0
    return .event(position, sentNanoseconds: sent)
  }

  private static func decimal(_ bytes: Span<UInt8>, _ index: inout Int) -> UInt64 {
    var value: UInt64 = 0
    while index < bytes.count {
      let digit = bytes[index] &- UInt8(ascii: "0")
      guard digit < 10 else { break }
      value = value &* 10 &+ UInt64(digit)
      index += 1
    }
    return value
  }

  private static func control(_ block: Span<UInt8>) -> Block {
    var bytes: [UInt8] = []
    for index in block.indices { bytes.append(block[index]) }
    let text = String(decoding: bytes, as: UTF8.self)
    if text.hasPrefix("event: fanfare.gap\n") {
      return .gap(from: number(text, after: "\"from\":\""), to: number(text, after: "\"to\":\""))
    }
    if text.hasPrefix("event: fanfare.bye\n") { return .bye }
    return text.contains("\"verdict\":\"reset\"") ? .reset : .other
  }

  private static func number(_ text: String, after word: String) -> UInt64 {
    guard let range = text.firstRange(of: word) else { return 0 }
    return UInt64(text[range.upperBound...].prefix { $0.isNumber }) ?? 0
  }
}
