/// Where an event stands in its channel: `<offset>.<epoch>`.
///
/// Offsets begin at 1 and grow by exactly 1; an empty channel stands at offset 0.
public struct Position: Sendable, Hashable, CustomStringConvertible {
  /// How many events the log had held when this one was the newest.
  public var offset: UInt64
  /// The life of the log that the offset counts in.
  public var epoch: Epoch

  /// The position `offset` in the log's life `epoch`.
  public init(offset: UInt64, epoch: Epoch) {
    self.offset = offset
    self.epoch = epoch
  }

  /// Reads `17.k3x9…`; `nil` for anything else: no sign, no leading zero, at most 18 digits.
  public init?(_ text: some StringProtocol) {
    let bytes = text.utf8
    guard let dot = bytes.firstIndex(of: UInt8(ascii: ".")) else { return nil }
    let digits = bytes[..<dot]
    guard (1...18).contains(digits.count), digits.count == 1 || digits.first != UInt8(ascii: "0")
    else { return nil }
    var offset: UInt64 = 0
    for digit in digits {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
      offset = offset * 10 + UInt64(digit - UInt8(ascii: "0"))
    }
    guard let epoch = Epoch(text[text.index(after: dot)...]) else { return nil }
    self.init(offset: offset, epoch: epoch)
  }

  /// `17.k3x9…`, as clients see it.
  public var description: String { "\(offset).\(epoch.text)" }

  /// Appends ``description`` without building a string.
  public func append(to bytes: inout [UInt8]) {
    Decimal.append(offset, to: &bytes)
    bytes.append(UInt8(ascii: "."))
    bytes.append(contentsOf: epoch.text.utf8)
  }
}

/// Decimal digits of unsigned numbers.
public enum Decimal {
  /// Appends `value` in decimal.
  public static func append(_ value: UInt64, to bytes: inout [UInt8]) {
    var divisor: UInt64 = 1
    while value / divisor >= 10 { divisor *= 10 }
    var rest = value
    while divisor > 0 {
      bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest / divisor))
      rest %= divisor
      divisor /= 10
    }
  }
}
