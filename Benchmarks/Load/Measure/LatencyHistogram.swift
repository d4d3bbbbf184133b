/// Counts times in buckets of about 3 % width, from a microsecond to a minute and more.
struct LatencyHistogram: Sendable {
  /// Buckets of one power of two.
  private static let perDoubling = 32
  private var counts = [UInt64](repeating: 0, count: 40 * perDoubling)
  private var total: UInt64 = 0

  init() {}

  mutating func record(_ nanoseconds: UInt64) {
    counts[Self.bucket(nanoseconds)] += 1
    total += 1
  }

  /// The microseconds below which a share of all values lies, to the width of a bucket; 0 while
  /// there is none.
  func microseconds(atShare share: Double) -> Double {
    guard total > 0 else { return 0 }
    let wanted = UInt64((Double(total) * share).rounded(.up))
    var sum: UInt64 = 0
    for bucket in counts.indices {
      sum += counts[bucket]
      if sum >= wanted { return Self.upperEnd(bucket) / 1000 }
    }
    return 0
  }

  /// The power of two, and its upper five bits below the leading one.
  private static func bucket(_ nanoseconds: UInt64) -> Int {
    guard nanoseconds >= 32 else { return Int(nanoseconds) }
    let exponent = 63 - nanoseconds.leadingZeroBitCount
    let mantissa = Int(nanoseconds >> UInt64(exponent - 5)) & 31
    return min((exponent - 4) * perDoubling + mantissa, 40 * perDoubling - 1)
  }

  private static func upperEnd(_ bucket: Int) -> Double {
    guard bucket >= perDoubling else { return Double(bucket) }
    let exponent = bucket / perDoubling + 4
    let mantissa = bucket % perDoubling
    return Double(UInt64(33 + mantissa) << UInt64(exponent - 5))
  }
}
