/// Gathers the body of a request, up to a bound. A class, so that a read appends to the one body
/// there is: a value in an enum's payload would be copied whole by every read.
final class BodyReader {
  enum Outcome: Equatable {
    case needsMore
    case complete
    case refused(RequestRefusal)
  }

  private enum Framing {
    case length(remaining: Int)
    case chunked(ChunkedBodyDecoder)
  }

  private var framing: Framing
  private(set) var body: [UInt8] = []

  /// A body framed as `framing` says; none is a body of no bytes.
  init(_ framing: BodyFraming) {
    switch framing {
    case .none: self.framing = .length(remaining: 0)
    case .length(let length): self.framing = .length(remaining: length)
    case .chunked: self.framing = .chunked(ChunkedBodyDecoder())
    }
  }

  /// Takes what belongs to the body off `input`.
  func read(
    _ input: Span<UInt8>, bytesMax: Int, consumed: inout Int
  ) -> Outcome {
    switch framing {
    case .length(let remaining):
      let count = min(remaining, input.count)
      Octets.append(input, 0..<count, to: &body)
      consumed = count
      framing = .length(remaining: remaining - count)
      return remaining == count ? .complete : .needsMore
    case .chunked(var decoder):
      let outcome = decoder.decode(input, into: &body, limit: bytesMax)
      framing = .chunked(decoder)
      switch outcome {
      case .needsMore(let count):
        consumed = count
        return .needsMore
      case .complete(let count):
        consumed = count
        return .complete
      case .refused(let refusal): return .refused(refusal)
      }
    }
  }
}
