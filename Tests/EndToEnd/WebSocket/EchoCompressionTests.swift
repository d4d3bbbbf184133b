import FanfareServer
import FanfareTestKit
import Testing

/// permessage-deflate (RFC 7692), tried at `/ws/echo`.
@Suite struct EchoCompressionTests {
  private static let hello: [UInt8] = Array("Hello".utf8)

  /// The examples of section 7.2.3, and what they leave out.
  private static let hellos: [(name: String, bytes: [UInt8], count: Int)] = [
    ("one block", [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00], 1),
    ("no compression", [0x00, 0x05, 0x00, 0xFA, 0xFF] + hello + [0x00], 1),
    ("a last block", [0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x00], 1),
    (
      "two blocks",
      [0xF2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xCA, 0xC9, 0xC9, 0x07, 0x00], 1
    ),
    (
      "blocks behind a last one",
      [0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00], 2
    ),
    (
      "two last blocks",
      [0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x00], 2
    ),
    ("nothing", [0x00], 0), ("not even a block", [], 0),
  ]

  @Test func theExamplesOfTheStandardAreRead() async throws {
    try await ServerUnderTest.runEcho(true) { server in
      let socket = try server.echo(true)
      for (name, bytes, count) in Self.hellos {
        let text = Array([[UInt8]](repeating: Self.hello, count: count).joined())
        try socket.frame(SocketFrame.text, bytes, reserved: 0x40)
        #expect(try socket.next() == .text(text), "\(name)")
        // In fragments of one byte: only the first one says that it is compressed.
        for (index, byte) in bytes.enumerated() {
          try socket.frame(
            index == 0 ? SocketFrame.text : SocketFrame.continuation, [byte],
            isFinal: index == bytes.count - 1, reserved: index == 0 ? 0x40 : 0)
          if index == 2 { try socket.ping([7]) }
        }
        if bytes.count > 2 { #expect(try socket.next() == .pong([7]), "\(name)") }
        if !bytes.isEmpty { #expect(try socket.next() == .text(text), "\(name)") }
      }
    }
  }

  @Test func whatTheClientStoresComesBackCompressed() async throws {
    try await ServerUnderTest.runEcho(true) { server in
      let socket = try server.echo(true)
      for size in [128, 65_535, 65_536, 300_000] {
        let text = EchoContent.text(size)
        try socket.frame(
          SocketFrame.text, InflateModel.stored(text, blockBytes: 7_001), reserved: 0x40)
        #expect(try socket.next() == .text(text), "\(size)")
      }
      #expect(socket.compressedCount == 4)
    }
  }

  /// The bound is one of messages; the frames of one that does not shrink are a little larger.
  @Test func theLargestMessageMayGrowInItsFrames() async throws {
    try await ServerUnderTest.runEcho(
      true, change: { $0.limits.echoMessageBytesMax = 65_536 }
    ) { server in
      let content = EchoContent.binary(65_536)
      let socket = try server.echo(true)
      try socket.frame(SocketFrame.binary, InflateModel.stored(content), reserved: 0x40)
      #expect(try socket.next() == .binary(content))
      try socket.frame(SocketFrame.binary, InflateModel.stored(content + [1]), reserved: 0x40)
      #expect(try socket.closed() == 1009)
    }
  }

  @Test func aBombIsStoppedAtTheBound() async throws {
    try await ServerUnderTest.runEcho(
      true, change: { $0.limits.echoMessageBytesMax = 65_536 }
    ) { server in
      let fits = try server.echo(true)
      let most = InflateModel.zeros(runs: 254)
      try fits.frame(SocketFrame.binary, most, reserved: 0x40)
      #expect(try fits.next() == .binary([UInt8](repeating: 0, count: 1 + 254 * 258)))
      for runs in [255, 500_000] {
        let socket = try server.echo(true)
        let bomb = InflateModel.zeros(runs: runs).prefix(65_536)
        try socket.frame(SocketFrame.binary, Array(bomb), reserved: 0x40)
        #expect(try socket.closed() == 1009, "\(runs)")
      }
      // The compressor is one for the loop: the others go on.
      try fits.frame(SocketFrame.binary, most, reserved: 0x40)
      #expect(try fits.next() == .binary([UInt8](repeating: 0, count: 1 + 254 * 258)))
    }
  }

  @Test func whatIsNotDeflateIsRefused() async throws {
    try await ServerUnderTest.runEcho(true) { server in
      let wrong: [(String, [UInt8])] = [
        ("a reserved block", [0x06, 0x00]), ("a stored block's length", [0x00, 5, 0, 5, 0, 1]),
        ("a distance beyond the beginning", [0x02, 0x07, 0x00]),
        ("a block cut off", [0xF2, 0x48, 0xCD, 0xC9]),
        ("a stored block cut off", [0x00, 0x20, 0x00, 0xDF, 0xFF, 1, 2, 3]),
        ("a beginning only", [0x04]),
      ]
      for (name, bytes) in wrong {
        let socket = try server.echo(true)
        try socket.frame(SocketFrame.binary, bytes, reserved: 0x40)
        #expect(try socket.closed() == 1007, "\(name)")
      }
      // What was inflated must be a text where it is one.
      let socket = try server.echo(true)
      try socket.frame(SocketFrame.text, InflateModel.stored([0xFF]), reserved: 0x40)
      #expect(try socket.closed() == 1007)
      let cut = try server.echo(true)
      try cut.frame(SocketFrame.text, InflateModel.stored([0xC3]), reserved: 0x40)
      #expect(try cut.closed() == 1007)
    }
  }

  @Test func reservedBitsElsewhereAreViolations() async throws {
    try await ServerUnderTest.runEcho(true) { server in
      let frames: [(String, [UInt8])] = [
        ("a ping", SocketFrame.bytes(SocketFrame.ping, [], reserved: 0x40)),
        ("a close", SocketFrame.bytes(SocketFrame.close, [], reserved: 0x40)),
        ("the second bit", SocketFrame.bytes(SocketFrame.text, [], reserved: 0x20)),
        ("two bits", SocketFrame.bytes(SocketFrame.text, [], reserved: 0x60)),
        (
          "a continuation",
          SocketFrame.bytes(SocketFrame.text, [0xF2], isFinal: false, reserved: 0x40)
            + SocketFrame.bytes(SocketFrame.continuation, [0x48], reserved: 0x40)
        ),
      ]
      for (name, bytes) in frames {
        let socket = try server.echo(true)
        try socket.send(bytes)
        #expect(try socket.closed() == 1002, "\(name)")
      }
    }
  }

  @Test func whoDoesNotOfferItIsNotGivenIt() async throws {
    try await ServerUnderTest.runEcho(true) { server in
      let plain = try server.echo()
      try plain.frame(SocketFrame.text, EchoContent.text(1_000))
      #expect(try plain.next() == .text(EchoContent.text(1_000)))
      try plain.frame(SocketFrame.text, [0xF2, 0x48], reserved: 0x40)
      #expect(try plain.closed() == 1002)
    }
  }
}
