import FanfareRuntime
import FanfareServer
import FanfareTestKit
import Testing

/// What RFC 6455 says of messages, fragments and pings, tried at `/ws/echo`.
@Suite struct EchoTests {
  static let sizes = [0, 1, 125, 126, 127, 128, 65_535, 65_536, 1_000_000]

  @Test(arguments: [false, true]) func everySizeComesBack(isCompressed: Bool) async throws {
    try await ServerUnderTest.runEcho(isCompressed) { server in
      let socket = try server.echo(isCompressed)
      for size in Self.sizes {
        let text = EchoContent.text(size)
        try socket.frame(SocketFrame.text, text)
        #expect(try socket.next() == .text(text), "\(size)")
        let binary = EchoContent.binary(size)
        try socket.frame(SocketFrame.binary, binary)
        #expect(try socket.next() == .binary(binary), "\(size)")
      }
      // What would hardly shrink is sent as it is.
      let long = Self.sizes.filter { $0 >= 128 }.count
      #expect(socket.compressedCount == (isCompressed ? 2 * long : 0))
      try socket.close(1000)
      #expect(try socket.closed() == 1000)
    }
  }

  @Test func theLargestComesBackAndOneByteMoreDoesNot() async throws {
    try await ServerUnderTest.runEcho { server in
      let socket = try server.echo()
      let most = 16 * 1024 * 1024
      for opcode in [SocketFrame.text, SocketFrame.binary] {
        let content = EchoContent.text(most)
        try socket.frame(opcode, content)
        let item = try socket.next(Deadline(.seconds(60)))
        let isSame = item == (opcode == SocketFrame.text ? .text(content) : .binary(content))
        #expect(isSame)
      }
      // The head alone says that it is too big.
      try socket.send(
        [0x82, 0xFF] + [0, 0, 0, 0, 1, 0, 0, 1] + [1, 2, 3, 4])
      #expect(try socket.closed() == 1009)
    }
  }

  @Test func theBoundHoldsForAllFragmentsTogether() async throws {
    try await ServerUnderTest.runEcho(change: { $0.limits.echoMessageBytesMax = 1_024 }) { server in
      let socket = try server.echo()
      try socket.fragments(SocketFrame.binary, EchoContent.binary(1_024), bytesMax: 100)
      #expect(try socket.next() == .binary(EchoContent.binary(1_024)))
      try socket.fragments(SocketFrame.binary, EchoContent.binary(1_025), bytesMax: 100)
      #expect(try socket.closed() == 1009)
    }
  }

  @Test(arguments: [false, true]) func fragmentsOfAnySize(isCompressed: Bool) async throws {
    try await ServerUnderTest.runEcho(isCompressed) { server in
      let socket = try server.echo(isCompressed)
      let text = EchoContent.text(65_536)
      let binary = EchoContent.binary(65_536)
      for bytesMax in [1, 2, 3, 64, 125, 126, 997, 4_096, 65_535] {
        // A message that is not compressed may come on any connection.
        try socket.fragments(SocketFrame.text, text, bytesMax: bytesMax)
        #expect(try socket.next() == .text(text), "\(bytesMax)")
        try socket.fragments(SocketFrame.binary, binary, bytesMax: bytesMax)
        #expect(try socket.next() == .binary(binary), "\(bytesMax)")
      }
      // Fragments without content, also the first and the last.
      for payloads in [["", "", ""], ["", "a", ""], ["a", "", "b"], ["ä", "€", "😀"]] {
        for (index, payload) in payloads.enumerated() {
          try socket.frame(
            index == 0 ? SocketFrame.text : SocketFrame.continuation, Array(payload.utf8),
            isFinal: index == payloads.count - 1)
        }
        #expect(try socket.next() == .text(Array(payloads.joined().utf8)))
      }
    }
  }

  @Test(arguments: [1, 7, 64, 1_460]) func cutAnywhereByTheNetwork(cutBytes: Int) async throws {
    try await ServerUnderTest.runEcho { server in
      let socket = try server.echo()
      let contents = [0, 125, 126, 3_000].map(EchoContent.text)
      var bytes: [UInt8] = []
      for content in contents { bytes += SocketFrame.bytes(SocketFrame.text, content) }
      var rest = bytes[...]
      while !rest.isEmpty {
        try socket.send(Array(rest.prefix(cutBytes)))
        rest = rest.dropFirst(cutBytes)
      }
      for content in contents { #expect(try socket.next() == .text(content)) }
    }
  }

  @Test func manyMessagesInOnePacketComeBackInOrder() async throws {
    try await ServerUnderTest.runEcho { server in
      let bytes = (0..<2_000).flatMap { number in
        SocketFrame.bytes(SocketFrame.text, Array("\(number)".utf8))
      }
      // Right behind the handshake, too.
      let socket = try server.webSocket("/ws/echo", first: bytes)
      for number in 0..<2_000 {
        #expect(try socket.next() == .text(Array("\(number)".utf8)))
      }
    }
  }

  @Test func pingsAreAnsweredWithTheirPayload() async throws {
    try await ServerUnderTest.runEcho { server in
      let socket = try server.echo()
      for payload in [[], Array("hello".utf8), [0, 0xFF, 0xFE, 0xFD], EchoContent.binary(125)] {
        try socket.ping(payload)
        #expect(try socket.next() == .pong(payload))
      }
      // Nobody asked for these.
      try socket.frame(SocketFrame.pong, [])
      try socket.frame(SocketFrame.pong, EchoContent.binary(125))
      for number in 0..<10 { try socket.ping([UInt8(number)]) }
      for number in 0..<10 { #expect(try socket.next() == .pong([UInt8(number)])) }
      try socket.ping(EchoContent.binary(126))
      #expect(try socket.closed() == 1002)
    }
  }

  @Test func pingsBetweenFragmentsAreAnsweredAtOnce() async throws {
    try await ServerUnderTest.runEcho { server in
      let socket = try server.echo()
      try socket.frame(SocketFrame.text, Array("one ".utf8), isFinal: false)
      try socket.ping([1])
      #expect(try socket.next() == .pong([1]))
      try socket.frame(SocketFrame.continuation, Array("two ".utf8), isFinal: false)
      try socket.ping([2])
      try socket.frame(SocketFrame.pong, [9])
      #expect(try socket.next() == .pong([2]))
      try socket.frame(SocketFrame.continuation, Array("three".utf8))
      #expect(try socket.next() == .text(Array("one two three".utf8)))
    }
  }

  @Test func aClientThatDoesNotReadIsNotReadEither() async throws {
    try await ServerUnderTest.runEcho { server in
      let socket = try server.webSocket("/ws/echo", receiveBufferBytes: 4_096)
      let frame = SocketFrame.bytes(SocketFrame.binary, EchoContent.binary(100_000))
      let sent = try socket.connection.sendUnread(frame, bytesMax: 1 << 28)
      #expect(sent < 1 << 27, "the server has taken \(sent) bytes and not answered")
      let count = sent / frame.count
      #expect(count > 2)
      for _ in 0..<count { #expect(try socket.next() == .binary(EchoContent.binary(100_000))) }
    }
  }

  @Test func withoutTheSettingThereIsNoEcho() async throws {
    try await ServerUnderTest.run { server in
      let answer = try server.ask("GET", "/ws/echo", TestWebSocket.handshake)
      #expect(answer.status == 404)
    }
  }
}
