/// Reads numbers and epochs off received bytes, where they lie. The caller knows that the bytes end
/// with something that is neither.
struct ByteReader {
  private let bytes: UnsafePointer<UInt8>
  private(set) var index: Int
  private let end: Int

  init(_ bytes: UnsafePointer<UInt8>, at index: Int, end: Int) {
    self.bytes = bytes
    self.index = index
    self.end = end
  }

  /// The digits from here on, as a number; 0 where there is none.
  mutating func decimal() -> UInt64 {
    var value: UInt64 = 0
    while index < end {
      let digit = bytes[index] &- UInt8(ascii: "0")
      guard digit < 10 else { break }
      value = value &* 10 &+ UInt64(digit)
      index += 1
    }
    return value
  }

  /// `<offset>.<epoch>`, up to `terminator`.
  mutating func position(until terminator: UInt8) -> StreamPosition {
    let offset = decimal()
    var epoch: UInt64 = 0xCBF2_9CE4_8422_2325
    while index < end, bytes[index] != terminator {
      epoch = (epoch ^ UInt64(bytes[index])) &* 0x100_0000_01B3
      index += 1
    }
    return StreamPosition(offset: offset, epoch: epoch)
  }

  /// Moves on by `count` bytes.
  mutating func skip(_ count: Int) { index += count }
}
