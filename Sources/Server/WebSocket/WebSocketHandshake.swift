import Crypto
import FoundationEssentials

/// The server's half of the opening handshake (RFC 6455 section 4.2), and of the negotiation of
/// permessage-deflate (RFC 7692 section 5.1).
struct WebSocketHandshake: Sendable, Equatable {
  static let subprotocol = "fanfare.v1"

  /// What proves that the key was read (section 4.2.2).
  let accept: String
  /// Whether the client offered ``subprotocol``.
  let hasSubprotocol: Bool
  /// The extension agreed on, with its parameters; `nil` where there is none.
  let extensionText: String?

  /// Whether messages may be compressed.
  var isCompressed: Bool { extensionText != nil }

  /// Judges a request.
  ///
  /// - Parameter compresses: whether the node is configured to compress.
  init(_ head: RequestHead, compresses: Bool) throws(Problem) {
    guard head.upgrades(to: "websocket") else {
      throw Problem(
        426, "upgrade-required", "Open this path as a WebSocket (Upgrade: websocket).",
        fields: [HeaderField("Upgrade", "websocket"), HeaderField("Connection", "Upgrade")])
    }
    guard head.values("sec-websocket-version") == ["13"] else {
      throw Problem(
        426, "websocket-version", "Send Sec-WebSocket-Version: 13, once.",
        fields: [
          HeaderField("Upgrade", "websocket"), HeaderField("Connection", "Upgrade"),
          HeaderField("Sec-WebSocket-Version", "13"),
        ])
    }
    let keys = head.values("sec-websocket-key")
    guard keys.count == 1, let key = keys.first, Data(base64Encoded: key)?.count == 16 else {
      throw Problem(
        400, "websocket-key", "Send one Sec-WebSocket-Key of 16 bytes in Base64.")
    }
    guard head.framing == .none else {
      throw Problem(400, "websocket-body", "Send no body with a WebSocket handshake.")
    }
    accept = Self.accept(key)
    hasSubprotocol = head.fields.listContains(Self.subprotocol, in: "sec-websocket-protocol")
    extensionText = compresses ? Self.deflate(head) : nil
  }

  /// A client's key (section 4.1).
  static func key(_ random: inout some RandomNumberGenerator) -> String {
    let bytes = (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &random) }
    return Data(bytes).base64EncodedString()
  }

  /// The answer to a key.
  static func accept(_ key: String) -> String {
    let text = key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
    return Data(Insecure.SHA1.hash(data: Array(text.utf8))).base64EncodedString()
  }

  /// The answer to the first offer that can be taken: any that does not ask for a smaller window,
  /// because one compressed frame serves all.
  private static func deflate(_ head: RequestHead) -> String? {
    for index in 0..<head.fields.count
    where Octets.matches(head.fields.nameBytes(at: index), "sec-websocket-extensions") {
      for offer in FieldValueReader.members(head.fields.valueBytes(at: index)) {
        if let answer = answer(to: offer) { return answer }
      }
    }
    return nil
  }

  private static func answer(to offer: ArraySlice<UInt8>) -> String? {
    var reader = FieldValueReader(offer)
    guard reader.token()?.lowercased() == "permessage-deflate" else { return nil }
    var seen: Set<String> = []
    while true {
      reader.skipBlanks()
      if reader.isAtEnd { break }
      guard reader.take(UInt8(ascii: ";")) else { return nil }
      reader.skipBlanks()
      guard let name = reader.token()?.lowercased(), seen.insert(name).inserted else {
        return nil
      }
      var value: String?
      if reader.take(UInt8(ascii: "=")) {
        value = reader.quotedString() ?? reader.token()
        guard value != nil else { return nil }
      }
      guard isTaken(name, value) else { return nil }
    }
    // Asked for a window, the server has to name it (section 7.1.2.1).
    return "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
      + (seen.contains("server_max_window_bits") ? "; server_max_window_bits=15" : "")
  }

  private static func isTaken(_ name: String, _ value: String?) -> Bool {
    switch name {
    case "server_no_context_takeover", "client_no_context_takeover": value == nil
    case "server_max_window_bits": value == "15"
    case "client_max_window_bits":
      value.map { ["8", "9", "10", "11", "12", "13", "14", "15"].contains($0) } ?? true
    default: false
    }
  }

  /// Appends the answer that switches protocols.
  ///
  /// - Parameter compresses: false where it turns out that no message can be.
  func appendAnswer(compresses: Bool = true, date: String, to bytes: inout [UInt8]) {
    var fields = [
      HeaderField("Upgrade", "websocket"), HeaderField("Connection", "Upgrade"),
      HeaderField("Sec-WebSocket-Accept", accept),
    ]
    if hasSubprotocol { fields.append(HeaderField("Sec-WebSocket-Protocol", Self.subprotocol)) }
    if compresses, let extensionText {
      fields.append(HeaderField("Sec-WebSocket-Extensions", extensionText))
    }
    ResponseHeadWriter.append(
      status: 101, fields: fields, framing: .none, date: date, to: &bytes)
  }
}
