import ArgumentParser

/// How a follower follows.
enum Transport: String, Sendable, CaseIterable, ExpressibleByArgument {
  case sse
  case websocket

  /// The request by which it attaches to `channel`.
  func request(channel: String, host: String) -> [UInt8] {
    let text =
      switch self {
      case .sse:
        "GET /channels/\(channel)/events HTTP/1.1\r\nHost: \(host)\r\n"
          + "Accept: text/event-stream\r\n\r\n"
      case .websocket:
        "GET /ws?channels=\(channel) HTTP/1.1\r\nHost: \(host)\r\nUpgrade: websocket\r\n"
          + "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
          + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
      }
    return Array(text.utf8)
  }

  /// The status of the answer.
  var status: Int {
    switch self {
    case .sse: 200
    case .websocket: 101
    }
  }
}
