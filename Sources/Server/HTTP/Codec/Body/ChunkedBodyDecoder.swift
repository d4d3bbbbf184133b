/// Decodes a chunked body (RFC 9112 section 7.1), strictly and with bounds on all that grows.
///
/// Takes every byte it is given until the body ends, so nothing has to be kept for it. Extensions
/// and trailer fields are checked and thrown away. The result does not depend on how the bytes were
/// cut into reads. After the end or a refusal it answers the same for ever and consumes nothing.
struct ChunkedBodyDecoder: Sendable {
  /// What the bytes so far give.
  enum Outcome: Sendable, Equatable {
    /// The body goes on. All bytes given are consumed.
    case needsMore(consumed: Int)
    /// The body has ended; the next message begins behind the consumed bytes.
    case complete(consumed: Int)
    /// The bytes are not a chunked body, or too many. Answer and close.
    case refused(RequestRefusal)
  }

  private enum State: Sendable {
    case size(value: Int, digits: Int)
    /// Behind the size: blanks that must lead to a `;`, or the text of extensions behind it.
    case blanks(size: Int)
    case extensions(size: Int)
    case sizeLineFeed(size: Int)
    case data(remaining: Int)
    case dataCarriageReturn
    case dataLineFeed
    case trailers
    case complete
    case refused(RequestRefusal)
  }

  /// The bytes of chunk extensions that one body may have in total. No extension has a use here.
  static let extensionBytesMax = 1024

  /// The bytes that the trailer fields may have, with the CRLF that ends the body.
  static let trailerBytesMax = 8 * 1024

  /// The hexadecimal digits of a chunk's size, leading zeros among them.
  static let sizeDigitsMax = 16

  private var state = State.size(value: 0, digits: 0)
  private var extensionBytes = 0
  private var trailer: [UInt8] = []
  private var trailerScanner = HeadScanner()

  /// The bytes of the body decoded so far.
  private(set) var bodyBytes = 0

  /// Decodes `input` and appends the body's bytes to `body`.
  ///
  /// - Parameter bytesMax: the bytes that the whole body may have. A chunk that would exceed it is
  ///   refused with 413 when its size is known.
  mutating func decode(
    _ input: Span<UInt8>, into body: inout [UInt8], limit bytesMax: Int
  ) -> Outcome {
    if case .refused(let refusal) = state { return .refused(refusal) }
    var index = 0
    do throws(RefusalReason) {
      while true {
        if case .complete = state { return .complete(consumed: index) }
        guard index < input.count else { break }
        if case .data(let remaining) = state {
          let end = index + min(remaining, input.count - index)
          Octets.append(input, index..<end, to: &body)
          bodyBytes += end - index
          let rest = remaining - (end - index)
          state = rest == 0 ? .dataCarriageReturn : .data(remaining: rest)
          index = end
        } else {
          state = try next(input[index], bytesMax: bytesMax)
          index += 1
        }
      }
    } catch {
      let refusal = RequestRefusal(error)
      state = .refused(refusal)
      return .refused(refusal)
    }
    return .needsMore(consumed: index)
  }

  /// The state after one byte that is not data.
  private mutating func next(_ byte: UInt8, bytesMax: Int) throws(RefusalReason) -> State {
    switch state {
    case .size(let value, let digits):
      return try sizeByte(byte, value: value, digits: digits, bytesMax: bytesMax)
    case .blanks(let size):
      try countExtensionByte()
      if Octets.isBlank(byte) { return state }
      guard byte == UInt8(ascii: ";") else { throw .chunkSizeInvalid }
      return .extensions(size: size)
    case .extensions(let size):
      if byte == Octets.carriageReturn { return .sizeLineFeed(size: size) }
      guard byte != Octets.lineFeed else { throw .bareLineFeed }
      guard !Octets.isForbiddenControl(byte) else { throw .controlByte }
      try countExtensionByte()
      return state
    case .sizeLineFeed(let size):
      guard byte == Octets.lineFeed else { throw .bareCarriageReturn }
      return size == 0 ? .trailers : .data(remaining: size)
    case .data:
      return state
    case .dataCarriageReturn:
      guard byte == Octets.carriageReturn else { throw .chunkUndelimited }
      return .dataLineFeed
    case .dataLineFeed:
      guard byte == Octets.lineFeed else { throw .chunkUndelimited }
      return .size(value: 0, digits: 0)
    case .trailers:
      return try trailerByte(byte)
    case .complete:
      return state
    case .refused(let refusal):
      throw refusal.reason
    }
  }

  private mutating func sizeByte(
    _ byte: UInt8, value: Int, digits: Int, bytesMax: Int
  ) throws(RefusalReason) -> State {
    if let digit = Octets.hexValue(byte) {
      guard digits < ChunkedBodyDecoder.sizeDigitsMax, value <= Int.max >> 4 else {
        throw .chunkSizeInvalid
      }
      return .size(value: value << 4 | Int(digit), digits: digits + 1)
    }
    guard digits > 0 else { throw .chunkSizeInvalid }
    let isEnd =
      byte == Octets.carriageReturn || byte == UInt8(ascii: ";") || Octets.isBlank(byte)
    guard isEnd else { throw byte == Octets.lineFeed ? .bareLineFeed : .chunkSizeInvalid }
    guard value <= bytesMax - bodyBytes else { throw .bodyTooLarge }
    if byte == Octets.carriageReturn { return .sizeLineFeed(size: value) }
    try countExtensionByte()
    return Octets.isBlank(byte) ? .blanks(size: value) : .extensions(size: value)
  }

  private mutating func countExtensionByte() throws(RefusalReason) {
    extensionBytes += 1
    guard extensionBytes <= ChunkedBodyDecoder.extensionBytesMax else {
      throw .chunkExtensionTooLong
    }
  }

  /// Trailer lines pass through the same scanner and field parser as those of a head.
  private mutating func trailerByte(_ byte: UInt8) throws(RefusalReason) -> State {
    trailer.append(byte)
    var scanner = trailerScanner
    let step = scanner.next(trailer.span, bytesMax: ChunkedBodyDecoder.trailerBytesMax)
    trailerScanner = scanner
    switch step {
    case .incomplete:
      return .trailers
    case .full:
      throw .trailerTooLarge
    case .refused(let reason):
      throw reason
    case .line(let line):
      guard !line.isEmpty else {
        trailer = []
        return .complete
      }
      _ = try FieldRange(trailer.span, line, base: 0)
      return .trailers
    }
  }
}
