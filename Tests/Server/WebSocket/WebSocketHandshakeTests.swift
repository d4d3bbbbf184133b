import Testing

@testable import FanfareServer

@Suite struct WebSocketHandshakeTests {
  private static let key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
  private static let version = "Sec-WebSocket-Version: 13"
  private static let upgrade = ["Connection: keep-alive, Upgrade", "Upgrade: WebSocket"]

  private static func judge(
    _ fields: [String], compresses: Bool = true
  ) throws -> WebSocketHandshake {
    let lines = ["GET /ws HTTP/1.1", "Host: a"] + fields
    guard case .head(let head, _) = HeadText.parse(HeadText.bytes(lines)) else {
      throw RequestRefusal(.controlByte)
    }
    return try WebSocketHandshake(head, compresses: compresses)
  }

  private static func status(_ fields: [String]) throws -> Int {
    do {
      _ = try judge(fields)
      return 101
    } catch let problem as Problem {
      return problem.status
    }
  }

  @Test func theExampleOfTheStandard() throws {
    #expect(
      WebSocketHandshake.accept("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    let handshake = try Self.judge(
      Self.upgrade + [Self.key, Self.version, "Sec-WebSocket-Protocol: chat, superchat"])
    var answer: [UInt8] = []
    handshake.appendAnswer(date: "Sun, 06 Nov 1994 08:49:37 GMT", to: &answer)
    let lines = String(decoding: answer, as: UTF8.self).split(separator: "\r\n")
    #expect(lines[0] == "HTTP/1.1 101 Switching Protocols")
    #expect(lines.contains("Upgrade: websocket"))
    #expect(lines.contains("Connection: Upgrade"))
    #expect(lines.contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="))
    // Neither was offered.
    #expect(!lines.contains { $0.hasPrefix("Sec-WebSocket-Protocol") })
    #expect(!lines.contains { $0.hasPrefix("Sec-WebSocket-Extensions") })
  }

  @Test func whatIsNoHandshake() throws {
    let good = Self.upgrade + [Self.key, Self.version]
    #expect(try Self.status(good) == 101)
    for (fields, status) in [
      ([Self.key, Self.version], 426), (Array(good.dropFirst()), 426),
      (["Connection: Upgrade", "Upgrade: h2c", Self.key, Self.version], 426),
      (Self.upgrade + [Self.key], 426), (good + [Self.version], 426),
      (Self.upgrade + [Self.key, "Sec-WebSocket-Version: 8"], 426),
      (Self.upgrade + [Self.version], 400), (good + [Self.key], 400),
      (good + ["Content-Length: 1"], 400), (good + ["Transfer-Encoding: chunked"], 400),
    ] as [([String], Int)] {
      #expect(try Self.status(fields) == status, "\(fields)")
    }
    for key in ["", "a", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZQ=", "!!!!", "AAAA"] {
      let fields = Self.upgrade + ["Sec-WebSocket-Key: \(key)", Self.version]
      #expect(try Self.status(fields) == 400, "\(key)")
    }
  }

  @Test func theSubprotocolIsAgreedOnWhereItIsOffered() throws {
    for (offer, isTaken) in [
      ("fanfare.v1", true), ("chat, fanfare.v1", true), ("fanfare.v2", false), ("chat", false),
    ] {
      let handshake = try Self.judge(
        Self.upgrade + [Self.key, Self.version, "Sec-WebSocket-Protocol: \(offer)"])
      #expect(handshake.hasSubprotocol == isTaken, "\(offer)")
    }
  }

  private static let plain =
    "permessage-deflate; server_no_context_takeover; client_no_context_takeover"

  private static let offers: [(offer: String, answer: String?)] = [
    ("permessage-deflate", plain), ("permessage-deflate; client_max_window_bits", plain),
    ("permessage-deflate; client_max_window_bits=9", plain),
    ("Permessage-Deflate ; Server_No_Context_Takeover", plain),
    ("permessage-deflate; client_no_context_takeover", plain),
    // Asked for a window, the server has to name it.
    ("permessage-deflate; server_max_window_bits=15", plain + "; server_max_window_bits=15"),
    (
      #"permessage-deflate; server_max_window_bits="15"; client_max_window_bits"#,
      plain + "; server_max_window_bits=15"
    ),
    ("x-webkit-deflate-frame, permessage-deflate", plain),
    ("permessage-deflate; server_max_window_bits=10, permessage-deflate", plain),
    ("permessage-deflate; server_max_window_bits=10", nil),
    ("permessage-deflate; server_max_window_bits", nil),
    ("permessage-deflate; client_max_window_bits=7", nil),
    ("permessage-deflate; client_max_window_bits=16", nil),
    ("permessage-deflate; client_max_window_bits=08", nil),
    ("permessage-deflate; server_no_context_takeover=1", nil),
    ("permessage-deflate; client_no_context_takeover; client_no_context_takeover", nil),
    ("permessage-deflate; mystery", nil), ("permessage-deflate;", nil),
    ("permessage-deflate; client_max_window_bits=", nil), ("permessage-deflate x", nil),
    ("deflate-frame", nil), ("", nil), ("permessage-deflate=1", nil),
  ]

  @Test func offersAreTakenOrDeclined() throws {
    for (offer, answer) in Self.offers {
      let fields =
        Self.upgrade + [Self.key, Self.version, "Sec-WebSocket-Extensions: \(offer)"]
      let handshake = try Self.judge(fields)
      #expect(handshake.extensionText == answer, "\(offer)")
      #expect(handshake.isCompressed == (answer != nil))
      #expect(try !Self.judge(fields, compresses: false).isCompressed)
    }
    // On several lines, the first that can be taken.
    let several = try Self.judge(
      Self.upgrade + [
        Self.key, Self.version, "Sec-WebSocket-Extensions: x",
        "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=8",
        "Sec-WebSocket-Extensions: permessage-deflate",
      ])
    #expect(several.extensionText == Self.plain)
  }
}
