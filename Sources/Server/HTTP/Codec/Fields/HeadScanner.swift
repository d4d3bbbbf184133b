/// Splits a growing head into its CRLF lines, looking at every byte once.
///
/// The caller hands the same unconsumed bytes with more behind them, and takes lines until
/// ``Step/incomplete``. Every verdict depends only on the bytes up to the one that causes it, so
/// the way in which the head was cut into reads cannot change the result.
struct HeadScanner: Sendable {
  /// What the bytes seen so far give.
  enum Step: Sendable, Equatable {
    /// No further line is complete; more bytes are needed.
    case incomplete
    /// A line, without its CRLF.
    case line(Range<Int>)
    /// A byte that no line may hold.
    case refused(RefusalReason)
    /// All `bytesMax` bytes were seen and the last line among them is not complete.
    case full
  }

  /// How many bytes from the start of the input were judged.
  private(set) var scanned = 0

  /// Where the line in progress begins.
  private(set) var lineStart = 0

  /// Takes the next line.
  ///
  /// - Parameter bytesMax: the bytes that all lines together may have.
  mutating func next(_ input: Span<UInt8>, bytesMax: Int) -> Step {
    let end = min(input.count, bytesMax)
    var index = scanned
    while index < end {
      let byte = input[index]
      let followsReturn = index > lineStart && input[index - 1] == Octets.carriageReturn
      if byte == Octets.lineFeed {
        guard followsReturn else { return .refused(.bareLineFeed) }
        let line = lineStart..<(index - 1)
        scanned = index + 1
        lineStart = scanned
        return .line(line)
      }
      guard !followsReturn else { return .refused(.bareCarriageReturn) }
      guard !Octets.isForbiddenControl(byte) else { return .refused(.controlByte) }
      index += 1
    }
    scanned = index
    return scanned == bytesMax ? .full : .incomplete
  }
}
