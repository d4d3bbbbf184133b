import FanfareServer
import FanfareTestKit
import Testing

/// What RFC 6455 forbids a client is answered with the close code that it names, tried at
/// `/ws/echo`.
@Suite struct EchoViolationTests {
  private static let text = SocketFrame.text
  private static let continuation = SocketFrame.continuation

  private static let faults: [(name: String, bytes: [UInt8])] = {
    typealias Frame = SocketFrame
    let content = Array("content".utf8)
    var faults: [(String, [UInt8])] = []
    for reserved: UInt8 in [0x40, 0x20, 0x10, 0x70] {
      for opcode in [Frame.text, Frame.binary, Frame.close, Frame.ping, Frame.pong] {
        faults.append(
          (
            "bits \(reserved) on \(opcode)",
            Frame.bytes(opcode, opcode == Frame.close ? [] : content, reserved: reserved)
          ))
      }
      faults.append(
        (
          "bits \(reserved) on a continuation",
          Frame.bytes(Frame.text, content, isFinal: false)
            + Frame.bytes(Frame.continuation, content, reserved: reserved)
        ))
    }
    for opcode: UInt8 in [3, 4, 5, 6, 7, 0xB, 0xC, 0xD, 0xE, 0xF] {
      faults.append(("opcode \(opcode)", Frame.bytes(opcode, content)))
      faults.append(("empty opcode \(opcode)", Frame.bytes(opcode, [])))
    }
    let fragment = Frame.bytes(Frame.text, content, isFinal: false)
    let next = Frame.bytes(Frame.continuation, content)
    faults += [
      ("no mask", Frame.bytes(Frame.text, content, mask: nil)),
      ("a ping without mask", Frame.bytes(Frame.ping, content, mask: nil)),
      ("a ping in fragments", Frame.bytes(Frame.ping, content, isFinal: false)),
      ("a pong in fragments", Frame.bytes(Frame.pong, content, isFinal: false)),
      ("a close in fragments", Frame.bytes(Frame.close, [], isFinal: false)),
      ("a long ping", Frame.bytes(Frame.ping, EchoContent.binary(126))),
      ("a long close", Frame.bytes(Frame.close, [3, 0xE8] + EchoContent.text(124))),
      ("a continuation of nothing", next),
      ("an open continuation of nothing", Frame.bytes(Frame.continuation, [], isFinal: false)),
      ("a second end", fragment + next + next),
      ("a text within a text", fragment + Frame.bytes(Frame.text, content)),
      ("a binary within a text", fragment + Frame.bytes(Frame.binary, content)),
      ("a beginning within a text", fragment + fragment),
      ("125 in two bytes", [0x82, 0xFE, 0, 125, 0, 0, 0, 0] + EchoContent.binary(125)),
      ("0 in two bytes", [0x82, 0xFE, 0, 0, 0, 0, 0, 0]),
      ("65535 in eight bytes", [0x82, 0xFF, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0, 0, 0, 0]),
      ("the top bit", [0x82, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]),
    ]
    return faults
  }()

  @Test func eachEndsTheConnectionWith1002() async throws {
    try await ServerUnderTest.runEcho { server in
      let before = Array("before".utf8)
      let after = SocketFrame.bytes(Self.text, Array("after".utf8))
      for (name, bytes) in Self.faults {
        let socket = try server.echo()
        // What came whole before it is still answered; nothing that comes behind it is.
        try socket.frame(Self.text, before)
        try socket.send(bytes + after)
        #expect(try socket.next() == .text(before), "\(name)")
        if name == "a second end" { _ = try socket.next() }
        guard case .close(let code, let reason) = try socket.next() else {
          Issue.record("\(name): no close frame")
          continue
        }
        #expect(code == 1002 && !reason.isEmpty, "\(name): \(code ?? 0) \(reason)")
      }
    }
  }

  /// No answer is to be waited for: where the next frame begins is not known any more.
  @Test func aFailedConnectionIsClosedByTheServer() async throws {
    try await ServerUnderTest.runEcho { server in
      for target in ["/ws/echo", "/ws"] {
        let socket = try server.webSocket(target)
        try socket.send([0x83, 0x80, 0, 0, 0, 0])
        guard case .close(1002, _) = try socket.next() else {
          Issue.record("\(target): no close frame")
          continue
        }
        let start = ContinuousClock.now
        #expect(try socket.isEnded())
        #expect(ContinuousClock.now - start < .milliseconds(1_500), "\(target)")
        socket.connection.socket.close()
      }
      #expect(try await server.isIdle())
    }
  }

  @Test func utf8ComesBackWhole() async throws {
    try await ServerUnderTest.runEcho { server in
      let socket = try server.echo()
      let texts = [
        "\u{0}", "\u{7F}", "\u{80}", "\u{7FF}", "\u{800}", "\u{D7FF}", "\u{E000}", "\u{FFFD}",
        "\u{FFFE}", "\u{FFFF}", "\u{10000}", "\u{1FFFF}", "\u{10FFFF}", "κόσμε", "Hello-µ@ßöäüàá",
      ]
      for text in texts {
        let bytes = Array(text.utf8)
        for bytesMax in 1...4 {
          try socket.fragments(Self.text, bytes, bytesMax: bytesMax)
          #expect(try socket.next() == .text(bytes), "\(text.debugDescription) \(bytesMax)")
        }
      }
    }
  }

  private static let wrong: [[UInt8]] = [
    [0x80], [0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xE0, 0x80, 0x80], [0xE0, 0x9F, 0xBF],
    [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xF0, 0x80, 0x80, 0x80], [0xF0, 0x8F, 0xBF, 0xBF],
    [0xF4, 0x90, 0x80, 0x80], [0xF5], [0xF8, 0x88, 0x80, 0x80, 0x80], [0xFE], [0xFF],
    [0xC3, 0x28], [0xE2, 0x82, 0x28], [0xF0, 0x9F, 0x8E, 0x41], [0xCE, 0xBA, 0x80],
  ]

  @Test func wrongUTF8IsToldWithItsFirstByte() async throws {
    try await ServerUnderTest.runEcho { server in
      for bytes in Self.wrong {
        let whole = try server.echo()
        try whole.frame(Self.text, bytes)
        #expect(try whole.closed() == 1007, "\(bytes)")
        // The rest of the frame never comes.
        let part = try server.echo()
        let frame = SocketFrame.bytes(Self.text, Array("ok ".utf8) + bytes + EchoContent.text(9))
        try part.send(Array(frame.dropLast(9)))
        #expect(try part.closed() == 1007, "\(bytes)")
        // The rest of the message never comes.
        let fragments = try server.echo()
        for (index, byte) in bytes.enumerated() {
          try fragments.frame(index == 0 ? Self.text : Self.continuation, [byte], isFinal: false)
        }
        #expect(try fragments.closed() == 1007, "\(bytes)")
      }
    }
  }

  @Test func aCharacterCutOffAtTheEndIsWrong() async throws {
    try await ServerUnderTest.runEcho { server in
      for bytes: [UInt8] in [[0xC3], [0xE2, 0x82], [0xF0, 0x9F, 0x8E]] {
        let socket = try server.echo()
        try socket.frame(Self.text, bytes, isFinal: false)
        // So far it could become a character.
        try socket.ping([1])
        #expect(try socket.next() == .pong([1]))
        try socket.frame(Self.continuation, [])
        #expect(try socket.closed() == 1007)
      }
    }
  }
}
