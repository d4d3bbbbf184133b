/// Parses response heads out of a growing buffer, for the command-line client.
///
/// It works as ``RequestHeadParser`` does and is as strict, but that a status line may end right
/// behind its code. Heads below 200 come out like any other; the caller skips them.
struct ResponseHeadParser: Sendable {
  /// What the bytes so far give.
  enum Outcome: Sendable, Equatable {
    /// The head is not complete. No byte is consumed.
    case needsMore
    /// A head, which took that many bytes.
    case head(ResponseHead, consumed: Int)
    /// The bytes are not an HTTP/1 response. Close.
    case malformed(RefusalReason)
  }

  private enum State: Sendable {
    case statusLine
    case fields(StatusLine)
    case malformed(RefusalReason)
  }

  private let headBytesMax: Int
  private let method: HTTPMethod
  private var scanner = HeadScanner()
  private var ranges: [FieldRange] = []
  private var state = State.statusLine

  /// - Parameters:
  ///   - headBytesMax: the bytes that a head may have; at least 16 and below 2^32.
  ///   - method: the method of the request that is answered: the answer to `HEAD` has no body.
  init(headBytesMax: Int, answering method: HTTPMethod) {
    precondition((16..<1 << 32).contains(headBytesMax), "headBytesMax is \(headBytesMax)")
    self.headBytesMax = headBytesMax
    self.method = method
  }

  /// Parses on.
  ///
  /// - Parameter input: all bytes since the last head, not only the new ones.
  mutating func parse(_ input: Span<UInt8>) -> Outcome {
    if case .malformed(let reason) = state { return .malformed(reason) }
    do throws(RefusalReason) {
      while true {
        switch scanner.next(input, bytesMax: headBytesMax) {
        case .incomplete:
          return .needsMore
        case .full:
          throw .headTooLarge
        case .refused(let reason):
          throw reason
        case .line(let line):
          if let head = try take(line, of: input) {
            let consumed = scanner.scanned
            self = ResponseHeadParser(headBytesMax: headBytesMax, answering: method)
            return .head(head, consumed: consumed)
          }
        }
      }
    } catch {
      state = .malformed(error)
      return .malformed(error)
    }
  }

  /// Takes the next line; gives the head if it was the empty line that ends it.
  private mutating func take(
    _ line: Range<Int>, of input: Span<UInt8>
  ) throws(RefusalReason) -> ResponseHead? {
    switch state {
    case .statusLine:
      state = .fields(try StatusLine(input, line))
      return nil
    case .fields(let statusLine):
      guard line.isEmpty else {
        guard ranges.count < RequestHeadParser.fieldsMax else { throw .fieldsTooMany }
        ranges.append(try FieldRange(input, line, base: 0))
        return nil
      }
      let bytes = Octets.array(input, 0..<scanner.scanned)
      return try ResponseHead(
        statusLine, FieldSection(bytes: bytes, ranges: ranges), answering: method)
    case .malformed(let reason):
      throw reason
    }
  }
}
