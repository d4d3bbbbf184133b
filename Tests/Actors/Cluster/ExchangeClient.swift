import FanfareRuntime

@testable import FanfareServer

/// Who asks by an ``ExchangeClient``.
protocol ExchangeOwner: AnyObject {
  /// A whole answer has come; another request may follow.
  func answered(_ head: ResponseHead, _ body: [UInt8])
  /// An answer has begun that ends with the connection.
  func began(_ head: ResponseHead)
  /// More of that answer.
  func streamed(_ bytes: [UInt8])
  /// The connection has ended, whoever ended it.
  func disconnected(_ client: ExchangeClient)
}

/// One HTTP exchange after another on one connection, read by the product's own parsers.
final class ExchangeClient: WireClient {
  private enum State {
    case head(ResponseHeadParser)
    case body(ResponseHead, length: Int)
    case stream
  }

  private weak var owner: (any ExchangeOwner)?
  private let method: HTTPMethod
  private var state: State
  private var input: [UInt8] = []

  /// - Parameter method: that of all requests.
  init(_ method: HTTPMethod, for owner: any ExchangeOwner) {
    self.method = method
    self.owner = owner
    state = .head(ResponseHeadParser(headBytesMax: 16_384, answering: method))
  }

  override func received(_ bytes: [UInt8]) {
    input += bytes
    while !isOver, advance() {}
  }

  override func ended() { owner?.disconnected(self) }

  /// Takes one step through the input. Returns whether there may be another.
  private func advance() -> Bool {
    switch state {
    case .head(var parser):
      guard case .head(let head, let consumed) = parser.parse(input.span) else {
        state = .head(parser)
        return false
      }
      input.removeFirst(consumed)
      switch head.framing {
      case .length(let length): state = .body(head, length: length)
      case .none where head.status != 101: state = .body(head, length: 0)
      case .none, .chunked, .untilClose:
        state = .stream
        owner?.began(head)
      }
      return true
    case .body(let head, let length):
      guard input.count >= length else { return false }
      let body = Array(input[..<length])
      input.removeFirst(length)
      state = .head(ResponseHeadParser(headBytesMax: 16_384, answering: method))
      owner?.answered(head, body)
      return !input.isEmpty
    case .stream:
      guard !input.isEmpty else { return false }
      let bytes = input
      input = []
      owner?.streamed(bytes)
      return false
    }
  }
}
