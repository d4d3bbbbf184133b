import FanfareServer
import FanfareTestKit

extension ServerUnderTest {
  /// Runs `body` with a server that serves `/ws/echo`.
  static func runEcho(
    _ isCompressed: Bool = false, change: (inout Settings) -> Void = { _ in },
    _ body: (ServerUnderTest) async throws -> Void
  ) async throws {
    try await run(
      { settings in
        settings.diagnosticsEcho = true
        settings.webSocketCompression = isCompressed
        change(&settings)
      }, body)
  }

  /// A WebSocket at `/ws/echo`, compressed where that is wanted.
  func echo(_ isCompressed: Bool = false) throws -> TestWebSocket {
    let offer = isCompressed ? ["Sec-WebSocket-Extensions: permessage-deflate"] : []
    let socket = try webSocket("/ws/echo", offer)
    guard socket.isCompressed == isCompressed else {
      throw ClientFailure.malformed("compression: \(socket.head.fields)")
    }
    return socket
  }
}

/// Contents that no shorter ones repeat by chance.
enum EchoContent {
  static func text(_ count: Int) -> [UInt8] {
    var text = Array("Fanfare für alle — 🎺 ".utf8)
    while text.count < count { text += text }
    var cut = count
    // Not within a character.
    while cut > 0, cut < text.count, text[cut] & 0xC0 == 0x80 { cut -= 1 }
    return Array(text[..<cut]) + [UInt8](repeating: UInt8(ascii: "."), count: count - cut)
  }

  static func binary(_ count: Int) -> [UInt8] {
    var bytes = (0..<257).map { UInt8(truncatingIfNeeded: $0 * $0 * 31 + $0) }
    while bytes.count < count { bytes += bytes }
    return Array(bytes[..<count])
  }
}

extension TestConnection {
  /// Sends `frame` again and again, and reads nothing, until the server has taken no byte for half
  /// a second, or `bytesMax` are sent. The last frame is then finished. Returns the bytes sent.
  func sendUnread(_ frame: [UInt8], bytesMax: Int) throws -> Int {
    var sent = 0
    var rest = frame[...]
    while sent < bytesMax {
      let count = try socket.sendSome(rest)
      sent += count
      rest = rest.dropFirst(count)
      if rest.isEmpty { rest = frame[...] }
      if count == 0, !socket.waits(writing: true, reading: false, Deadline(.milliseconds(500))) {
        break
      }
    }
    if rest.count < frame.count {
      try send(Array(rest))
      sent += rest.count
    }
    return sent
  }
}
