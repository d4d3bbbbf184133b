@testable import FanfareServer

/// What must hold of ``WebSocketReader``, ``WebSocketOperation`` and ``MessageDeflate`` for any
/// bytes. The first byte says which peer sends the rest, and whether compression was agreed on.
public enum WebSocketInvariants {
  /// Small, so that inputs reach it, also by several frames together.
  static let messageBytesMax = 300

  /// Leaves messages as they are: what zlib makes of them is looked at apart.
  private struct PlainInflater: MessageInflater {
    func inflate(_ payload: [UInt8], bytesMax: Int) throws(WebSocketFault) -> [UInt8] {
      guard payload.count <= bytesMax else { throw .tooBig(bytesMax) }
      return payload
    }
  }

  /// The invariant that `bytes` break; nil if they break none.
  public static func violation(_ bytes: [UInt8]) -> String? {
    guard let first = bytes.first else { return nil }
    let stream = Array(bytes.dropFirst())
    let isMasked = first & 1 == 0
    let inflates = first & 2 != 0
    var splitter = InputSplitter(seed: bytes)
    guard let whole = read(stream, ends: [stream.count], isMasked, inflates) else {
      return "bytes are left over without a reason"
    }
    guard read(stream, ends: Array(0...stream.count), isMasked, inflates) == whole else {
      return "byte by byte differs from one read"
    }
    guard read(stream, ends: [0] + splitter.ends(count: stream.count), isMasked, inflates) == whole
    else { return "several reads differ from one" }
    var model = WebSocketModel(
      stream, isMasked: isMasked, inflates: inflates, messageBytesMax: messageBytesMax)
    let expected = model.run()
    guard expected == whole else { return "read \(whole), expected \(expected)" }
    for item in whole.items {
      if let message = violation(item) { return message }
    }
    return first & 4 == 0 ? nil : compressionViolation(stream)
  }

  /// Reads `stream` in reads that end at `ends`; nil if a read is left over without a reason.
  private static func read(
    _ stream: [UInt8], ends: [Int], _ isMasked: Bool, _ inflates: Bool
  ) -> WebSocketModel.Outcome? {
    var reader = WebSocketReader(
      messageBytesMax: messageBytesMax, isMasked: isMasked,
      inflater: inflates ? PlainInflater() : nil)
    var outcome = WebSocketModel.Outcome()
    var start = 0
    for end in ends {
      reading: while true {
        var consumed = 0
        let read = reader.read(stream.span.extracting(start..<end), consumed: &consumed)
        guard consumed <= end - start else { return nil }
        start += consumed
        switch read {
        case .needsMore:
          // At most the head of a frame is left.
          if end - start >= 14 { return nil }
          break reading
        case .item(let item): outcome.items.append(item)
        case .failed(let fault):
          outcome.code = fault.code
          return fault.reason.isEmpty ? nil : outcome
        }
      }
    }
    return outcome
  }

  private static func violation(_ item: WebSocketReader.Item) -> String? {
    switch item {
    case .text(let text):
      guard text.count <= messageBytesMax else { return "a text over its bound" }
      guard String(validating: text, as: UTF8.self) != nil else { return "a text not UTF-8" }
      return operationViolation(text)
    case .binary(let bytes): return bytes.count <= messageBytesMax ? nil : "a binary over its bound"
    case .ping(let bytes), .pong(let bytes): return bytes.count <= 125 ? nil : "a control over 125"
    case .close: return nil
    }
  }

  /// What is given back as the client's id is a number or a string of its message.
  private static func operationViolation(_ text: [UInt8]) -> String? {
    let (id, result) = WebSocketOperation.read(text, Settings().limits)
    if !id.isEmpty, (try? JSONScanner.value(in: id.span, range: 0..<id.count)) == nil {
      return "an id that is no JSON"
    }
    if case .failure(let problem) = result, ![400, 403, 413, 422].contains(problem.status) {
      return "status \(problem.status)"
    }
    return nil
  }

  private static func compressionViolation(_ stream: [UInt8]) -> String? {
    guard let deflate = MessageDeflate() else { return nil }
    let bytesMax = 4_096
    do throws(WebSocketFault) {
      let message = try deflate.inflate(stream, bytesMax: bytesMax)
      if message.count > bytesMax { return "inflated beyond the bound" }
    } catch {
      if error.code != 1007, error.code != 1009 { return "code \(error.code)" }
    }
    // Whatever came before it, the next message is read.
    let again = try? deflate.inflate(deflate.deflate(stream), bytesMax: stream.count)
    return again == stream ? nil : "compressed and inflated differ"
  }
}
