/// Reads what a server sends to a follower, over whichever transport. Sans-I/O.
enum FollowerReader {
  case eventStream(EventStreamNews)
  case webSocket(WebSocketNews)

  /// Reads `bytes`, which may end anywhere.
  mutating func receive(_ bytes: [UInt8]) throws(ClientError) -> [FollowerSignal] {
    switch self {
    case .eventStream(var news):
      defer { self = .eventStream(news) }
      return try news.receive(bytes)
    case .webSocket(var news):
      defer { self = .webSocket(news) }
      return try news.receive(bytes)
    }
  }
}
