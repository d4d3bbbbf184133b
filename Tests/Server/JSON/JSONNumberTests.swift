import FanfareRuntime
import FanfareTestKit
import Testing

@testable import FanfareServer

@Suite struct JSONNumberTests {
  private static func int(_ text: String) -> Int? {
    let bytes = Array("[\(text)]".utf8)
    return JSONNumber.int(bytes.span, 1..<bytes.count - 1)
  }

  private static func double(_ text: String) -> Double? {
    let bytes = Array("[\(text)]".utf8)
    return JSONNumber.double(bytes.span, 1..<bytes.count - 1)
  }

  private static let integerTable: [(String, Int?)] = [
    ("0", 0), ("-0", 0), ("7", 7), ("-120", -120), ("9223372036854775807", .max),
    ("-9223372036854775808", .min), ("9223372036854775808", nil), ("-9223372036854775809", nil),
    ("99999999999999999999999999", nil), ("1.0", nil), ("1e3", nil), ("0.5", nil), ("-1.5", nil),
    ("-", nil), ("", nil),
  ]

  @Test(arguments: integerTable)
  func integers(text: String, value: Int?) {
    #expect(Self.int(text) == value)
  }

  private static let doubleTable: [(String, Double?)] = [
    ("0", 0), ("-0", -0.0), ("1.5", 1.5), ("1e3", 1000), ("-2.5E-2", -0.025), ("1e400", nil),
    ("-1e400", nil), ("1e-400", 0), ("9007199254740993", 9_007_199_254_740_992), ("0.1", 0.1),
    ("4.9e-324", Double.leastNonzeroMagnitude),
    ("1.7976931348623157e308", .greatestFiniteMagnitude),
  ]

  @Test(arguments: doubleTable)
  func doubles(text: String, value: Double?) {
    #expect(Self.double(text) == value)
  }

  @Test func randomNumbersAreReadAsTheLibraryDoes() {
    for seed in 0..<UInt64(300) {
      var random = SeededGenerator(seed: seed)
      let integer = Int(truncatingIfNeeded: random.next()) >> random.below(64)
      #expect(Self.int("\(integer)") == integer, "seed \(seed)")
      let double = Double(bitPattern: random.next())
      guard double.isFinite else { continue }
      #expect(Self.double("\(double)") == double, "seed \(seed)")
    }
  }

  @Test func aMebibyteOfDigitsIsReadSoon() {
    let start = ContinuousClock.now
    #expect(Self.double("1." + String(repeating: "7", count: 1 << 20)) == 16.0 / 9)
    #expect(Self.int(String(repeating: "7", count: 1 << 20)) == nil)
    #expect(start.duration(to: .now) < .seconds(5))
  }
}
