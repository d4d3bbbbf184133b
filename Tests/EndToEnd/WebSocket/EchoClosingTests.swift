import FanfareServer
import FanfareTestKit
import Testing

/// The closing handshake of RFC 6455 section 7, tried at `/ws/echo` and at `/ws`.
@Suite struct EchoClosingTests {
  private static let targets = ["/ws/echo", "/ws"]

  @Test(arguments: targets) func codesThatMayBeSentAreAnswered(target: String) async throws {
    try await ServerUnderTest.runEcho { server in
      let codes: [UInt16] =
        Array(1_000...1_003) + Array(1_007...1_014) + [3_000, 3_999, 4_000, 4_999]
      for code in codes {
        let socket = try server.webSocket(target)
        try socket.close(code, reason: "so long")
        guard case .close(let answer, _) = try socket.next() else {
          Issue.record("\(code): no close frame")
          continue
        }
        #expect(answer == code)
        // The server closes first (section 7.1.1).
        #expect(try socket.isEnded())
      }
      let bare = try server.webSocket(target)
      try bare.close()
      #expect(try bare.next() == .close(nil, reason: ""))
      #expect(try bare.isEnded())
      #expect(try await server.isIdle())
    }
  }

  @Test(arguments: targets) func codesThatMayNotBeSentAreViolations(target: String) async throws {
    try await ServerUnderTest.runEcho { server in
      let codes: [UInt16] = [
        0, 999, 1_004, 1_005, 1_006, 1_015, 1_016, 1_100, 2_000, 2_999, 5_000, 65_535,
      ]
      for code in codes {
        let socket = try server.webSocket(target)
        try socket.close(code)
        #expect(try socket.closed() == 1002, "\(code)")
      }
      let short = try server.webSocket(target)
      try short.frame(SocketFrame.close, [3])
      #expect(try short.closed() == 1002)
    }
  }

  @Test func reasonsOfAnyLengthAreTakenIfTheyAreUTF8() async throws {
    try await ServerUnderTest.runEcho { server in
      for length in [0, 1, 60, 123] {
        let socket = try server.echo()
        try socket.frame(
          SocketFrame.close, SocketFrame.closePayload(1_000, EchoContent.text(length)))
        #expect(try socket.closed() == 1000, "\(length)")
      }
      for reason: [UInt8] in [[0xFF], [0xC3], [0xED, 0xA0, 0x80], EchoContent.binary(120)] {
        let socket = try server.echo()
        try socket.frame(SocketFrame.close, SocketFrame.closePayload(1_000, reason))
        #expect(try socket.closed() == 1007)
      }
    }
  }

  @Test(arguments: targets) func whatComesBehindTheCloseIsIgnored(target: String) async throws {
    try await ServerUnderTest.runEcho { server in
      let close = SocketFrame.bytes(SocketFrame.close, SocketFrame.closePayload(1_001))
      let text = SocketFrame.bytes(SocketFrame.text, Array(#"{"op":"ping"}"#.utf8))
      let ping = SocketFrame.bytes(SocketFrame.ping, [])
      for rest in [text, ping, close, close + text, [0x83, 0x80, 0, 0, 0, 0], [0xFF]] {
        let socket = try server.webSocket(target)
        try socket.send(close + rest)
        #expect(try socket.next() == .close(1_001, reason: ""))
        #expect(try socket.isEnded())
      }
      // Within a message it is a close, too.
      let socket = try server.webSocket(target)
      try socket.frame(SocketFrame.text, Array("begun".utf8), isFinal: false)
      try socket.close(1_000)
      #expect(try socket.closed() == 1000)
      #expect(try await server.isIdle())
    }
  }

  @Test func whatWasSentBeforeTheCloseIsAnsweredBeforeIt() async throws {
    try await ServerUnderTest.runEcho { server in
      let socket = try server.echo()
      let content = EchoContent.binary(300_000)
      try socket.frame(SocketFrame.binary, content)
      try socket.close(1_000)
      try socket.ping()
      #expect(try socket.next() == .binary(content))
      #expect(try socket.next() == .close(1_000, reason: ""))
      #expect(try socket.isEnded())
    }
  }

  @Test(arguments: targets) func aClientThatJustGoesIsNoticed(target: String) async throws {
    try await ServerUnderTest.runEcho { server in
      let finished = try server.webSocket(target)
      finished.connection.socket.finishSending()
      #expect(try finished.isEnded())
      let aborted = try server.webSocket(target)
      try aborted.frame(SocketFrame.text, Array("begun".utf8), isFinal: false)
      aborted.connection.socket.abort()
      #expect(try await server.isIdle())
    }
  }
}
