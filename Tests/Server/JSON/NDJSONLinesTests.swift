import FanfareRuntime
import FanfareTestKit
import Testing

@testable import FanfareServer

@Suite struct NDJSONLinesTests {
  /// Each line as `number:text`.
  private static func lines(_ text: String) -> [String] {
    let bytes = Array(text.utf8)
    var lines = NDJSONLines()
    var found: [String] = []
    while let line = lines.next(in: bytes.span) {
      found.append("\(line.number):\(String(decoding: bytes[line.range], as: UTF8.self))")
    }
    return found
  }

  private static let splitTable: [(String, [String])] = [
    ("", []), ("\n\r\n \t\n", []), ("{}", ["1:{}"]), ("{}\n", ["1:{}"]), ("{}\r\n", ["1:{}"]),
    ("a\nb\n", ["1:a", "2:b"]), ("a\n\n\r\n  \nb", ["1:a", "5:b"]), ("\n\na", ["3:a"]),
    ("a\r\r\nb", ["1:a\r", "2:b"]), ("a\rb\n", ["1:a\rb"]), ("a\r", ["1:a\r"]), ("\r", []),
    (" a \n", ["1: a "]),
  ]

  @Test(arguments: splitTable)
  func splits(text: String, expected: [String]) {
    #expect(Self.lines(text) == expected)
  }

  @Test func randomBodiesAreSplitAsTheModelDoes() {
    for seed in 0..<UInt64(500) {
      var random = SeededGenerator(seed: seed)
      let bytes = (0..<random.below(30)).map { _ in random.pick(Array("ab \r\n\n".utf8)) }
      var expected: [String] = []
      let pieces = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
      for (index, piece) in pieces.enumerated() {
        let isLast = index == pieces.count - 1
        let line = !isLast && piece.last == 0x0D ? piece.dropLast() : piece
        guard line.contains(where: { $0 != 0x20 && $0 != 0x0D }) else { continue }
        expected.append("\(index + 1):\(String(decoding: line, as: UTF8.self))")
      }
      #expect(Self.lines(String(decoding: bytes, as: UTF8.self)) == expected, "seed \(seed)")
    }
  }
}
