/// What a piece of input held, for whoever follows a server. Of any transport.
enum FollowerSignal: Equatable {
  case news(FollowerNews)
  /// The server says when to come back.
  case retry(milliseconds: Int)
  /// Bytes that the server must be sent.
  case answer([UInt8])
  /// The closing handshake has begun.
  case closed
}
