/// Why a WebSocket connection must be failed: the close code of RFC 6455 section 7.4.1, and a
/// reason for the peer's developer.
struct WebSocketFault: Error, Sendable, Equatable {
  let code: UInt16
  let reason: String

  static func violation(_ reason: String) -> WebSocketFault {
    WebSocketFault(code: 1002, reason: reason)
  }

  static let invalidText = WebSocketFault(code: 1007, reason: "text that is not UTF-8")
  static let invalidCompression = WebSocketFault(
    code: 1007, reason: "a compressed message that cannot be inflated")

  static func tooBig(_ bytesMax: Int) -> WebSocketFault {
    WebSocketFault(code: 1009, reason: "a message has at most \(bytesMax) bytes")
  }
}
