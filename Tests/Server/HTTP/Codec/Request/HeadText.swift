@testable import FanfareServer

/// Heads as tests write them: lines without CRLF, parsed in one read.
enum HeadText {
  /// The lines, each with CRLF, and the empty line. Scalars up to U+00FF stand for one byte each.
  static func bytes(_ lines: [String]) -> [UInt8] {
    raw(lines.map { $0 + "\r\n" }.joined() + "\r\n")
  }

  /// One byte for each scalar.
  static func raw(_ text: String) -> [UInt8] {
    text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
  }

  static func parse(_ bytes: [UInt8], headBytesMax: Int = 16_384) -> RequestHeadParser.Outcome {
    var parser = RequestHeadParser(headBytesMax: headBytesMax)
    return parser.parse(bytes.span)
  }

  /// The head that the lines make; nil if they are refused.
  static func head(_ lines: String...) -> RequestHead? {
    guard case .head(let head, _) = parse(bytes(lines)) else { return nil }
    return head
  }

  /// Why the bytes are refused; nil if they are not.
  static func refusal(_ bytes: [UInt8], headBytesMax: Int = 16_384) -> RefusalReason? {
    guard case .refused(let refusal) = parse(bytes, headBytesMax: headBytesMax) else { return nil }
    return refusal.reason
  }
}
