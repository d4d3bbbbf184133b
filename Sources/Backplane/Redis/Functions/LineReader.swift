/// Takes lines and counted blocks from the front of some bytes.
struct LineReader {
  private let bytes: [UInt8]
  private var index = 0

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  var isAtEnd: Bool { index == bytes.count }

  /// The bytes up to the next line feed, which is taken too; `nil` where none comes in time.
  mutating func line(bytesMax: Int) -> ArraySlice<UInt8>? {
    let rest = bytes[index...].prefix(bytesMax + 1)
    guard let end = rest.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
    defer { index = end + 1 }
    return rest[..<end]
  }

  /// So many bytes and the line feed behind them; `nil` where that is not what follows.
  mutating func block(bytes count: UInt64) -> [UInt8]? {
    guard count < UInt64(bytes.count - index) else { return nil }
    let end = index + Int(count)
    guard bytes[end] == UInt8(ascii: "\n") else { return nil }
    defer { index = end + 1 }
    return Array(bytes[index..<end])
  }

  /// A number in decimal, below 2^53, without a sign or leading zeros.
  static func number(_ digits: ArraySlice<UInt8>) -> UInt64? {
    guard (1...16).contains(digits.count), digits.count == 1 || digits.first != UInt8(ascii: "0")
    else { return nil }
    var number: UInt64 = 0
    for digit in digits {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
      number = number * 10 + UInt64(digit - UInt8(ascii: "0"))
    }
    return number < 1 << 53 ? number : nil
  }
}
