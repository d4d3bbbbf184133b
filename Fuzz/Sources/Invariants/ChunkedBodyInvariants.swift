@testable import FanfareServer

/// What must hold of ``ChunkedBodyDecoder`` for any bytes.
public enum ChunkedBodyInvariants {
  /// Small, so that inputs reach it, also by several chunks together.
  static let bodyBytesMax = 64

  /// How a decoder stands after some reads.
  private struct Result: Equatable {
    var body: [UInt8] = []
    var consumed = 0
    var isComplete = false
    var refusal: RequestRefusal?
  }

  /// The invariant that `bytes` break; nil if they break none.
  public static func violation(_ bytes: [UInt8]) -> String? {
    var splitter = InputSplitter(seed: bytes)
    guard let whole = decode(bytes, ends: [bytes.count]) else { return "consumed too little" }
    guard decode(bytes, ends: Array(0...bytes.count)) == whole else {
      return "byte by byte differs from one read"
    }
    guard decode(bytes, ends: [0] + splitter.ends(count: bytes.count)) == whole else {
      return "several reads differ from one"
    }
    guard whole.consumed <= bytes.count else { return "consumed too much" }
    guard whole.body.count <= bodyBytesMax else { return "the body is over its limit" }
    if let refusal = whole.refusal {
      return [400, 413, 431].contains(refusal.status) ? nil : "status \(refusal.status)"
    }
    guard whole.isComplete else { return nil }
    guard bytes[..<whole.consumed].suffix(2).elementsEqual("\r\n".utf8) else {
      return "the body does not end with CRLF"
    }
    return encodedAgain(whole.body)
  }

  /// Decodes `bytes` in reads that end at `ends`; nil if a read is left over without a reason.
  private static func decode(_ bytes: [UInt8], ends: [Int]) -> Result? {
    var decoder = ChunkedBodyDecoder()
    var result = Result()
    for end in ends {
      let input = bytes.span.extracting(result.consumed..<end)
      switch decoder.decode(input, into: &result.body, limit: bodyBytesMax) {
      case .needsMore(let consumed):
        result.consumed += consumed
        if result.consumed != end { return nil }
      case .complete(let consumed):
        result.consumed += consumed
        result.isComplete = true
        let again = decoder.decode(bytes.span, into: &result.body, limit: bodyBytesMax)
        return again == .complete(consumed: 0) && decoder.bodyBytes == result.body.count
          ? result : nil
      case .refused(let refusal):
        // How much was taken of a refused read is nobody's business: the connection ends.
        result.consumed = 0
        result.refusal = refusal
        let again = decoder.decode(bytes.span, into: &result.body, limit: bodyBytesMax)
        return again == .refused(refusal) ? result : nil
      }
    }
    return result
  }

  private static func encodedAgain(_ body: [UInt8]) -> String? {
    var encoded: [UInt8] = []
    ChunkedBodyEncoder.append(body.span, to: &encoded)
    ChunkedBodyEncoder.appendEnd(to: &encoded)
    guard let result = decode(encoded, ends: [encoded.count]), result.isComplete,
      result.consumed == encoded.count
    else { return "the body encoded again is not complete" }
    return result.body == body ? nil : "the body encoded again differs"
  }
}
