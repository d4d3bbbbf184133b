/// Parses request heads out of a growing buffer, strictly (RFC 9112, RFC 9110).
///
/// The caller keeps the bytes that are not consumed and hands them again, from the same first byte
/// and with more behind them. Each byte is looked at once, and the result does not depend on how
/// the bytes were cut into reads. After a head the parser stands ready for the next one, which
/// begins `consumed` bytes on. After a refusal it answers the same refusal for ever.
struct RequestHeadParser: Sendable {
  /// What the bytes so far give.
  enum Outcome: Sendable, Equatable {
    /// The head is not complete. No byte is consumed.
    case needsMore
    /// A head, which took that many bytes.
    case head(RequestHead, consumed: Int)
    /// The bytes cannot begin a request that is served. Answer and close.
    case refused(RequestRefusal)
  }

  private enum State: Sendable {
    case requestLine(afterEmptyLine: Bool)
    case fields(RequestLine, start: Int)
    case refused(RequestRefusal)
  }

  /// The most field lines in a head: several times what browsers and proxies send.
  static let fieldsMax = 100

  private let headBytesMax: Int
  private var scanner = HeadScanner()
  private var ranges: [FieldRange] = []
  private var state = State.requestLine(afterEmptyLine: false)

  /// - Parameter headBytesMax: the bytes from the first one to the empty line's end, which a head
  ///   may have at most; at least 16 and below 2^32.
  init(headBytesMax: Int) {
    precondition((16..<1 << 32).contains(headBytesMax), "headBytesMax is \(headBytesMax)")
    self.headBytesMax = headBytesMax
  }

  /// Parses on.
  ///
  /// - Parameter input: all bytes since the last head, not only the new ones.
  mutating func parse(_ input: Span<UInt8>) -> Outcome {
    if case .refused(let refusal) = state { return .refused(refusal) }
    do throws(RefusalReason) {
      while true {
        switch scanner.next(input, bytesMax: headBytesMax) {
        case .incomplete:
          return .needsMore
        case .full:
          throw overflow(input)
        case .refused(let reason):
          throw reason
        case .line(let line):
          if let head = try take(line, of: input) {
            let consumed = scanner.scanned
            self = RequestHeadParser(headBytesMax: headBytesMax)
            return .head(head, consumed: consumed)
          }
        }
      }
    } catch {
      let refusal = RequestRefusal(error)
      state = .refused(refusal)
      return .refused(refusal)
    }
  }

  /// Takes the next line; gives the head if it was the empty line that ends it.
  private mutating func take(
    _ line: Range<Int>, of input: Span<UInt8>
  ) throws(RefusalReason) -> RequestHead? {
    switch state {
    case .requestLine(let afterEmptyLine):
      if line.isEmpty, !afterEmptyLine {
        state = .requestLine(afterEmptyLine: true)
      } else {
        state = .fields(try RequestLine(input, line), start: line.lowerBound)
      }
      return nil
    case .fields(let requestLine, let start):
      guard line.isEmpty else {
        guard ranges.count < RequestHeadParser.fieldsMax else { throw .fieldsTooMany }
        ranges.append(try FieldRange(input, line, base: start))
        return nil
      }
      let bytes = Octets.array(input, start..<scanner.scanned)
      return try RequestHead(requestLine, FieldSection(bytes: bytes, ranges: ranges))
    case .refused(let refusal):
      throw refusal.reason
    }
  }

  private func overflow(_ input: Span<UInt8>) -> RefusalReason {
    switch state {
    case .requestLine: RequestLine.overflow(input, scanner.lineStart..<scanner.scanned)
    case .fields: .headTooLarge
    case .refused(let refusal): refusal.reason
    }
  }
}
