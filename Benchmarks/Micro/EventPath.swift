import FanfareRuntime

@testable import FanfareActors
@testable import FanfareServer

/// The steps that an event and a request take, each by itself.
struct EventPath {
  private let channel: ChannelName
  private let epoch: Epoch
  private let event: Event

  init?() {
    var random = SeededGenerator(seed: 1)
    guard let channel = ChannelName("project:42"), let type = EventType("agent_progress") else {
      return nil
    }
    self.channel = channel
    epoch = Epoch(newFor: channel, random: &random)
    event = Self.event(1, in: channel, epoch, type)
  }

  private static func event(
    _ offset: UInt64, in channel: ChannelName, _ epoch: Epoch, _ type: EventType
  ) -> Event {
    let data = Array(#"{"text":""#.utf8) + Array(repeating: 0x78, count: 189) + Array(#""}"#.utf8)
    return Event(
      channel: channel, position: Position(offset: offset, epoch: epoch), type: type, data: data,
      timeMilliseconds: 1_700_000_000_000, acceptedAt: MonotonicInstant(nanoseconds: 0))
  }

  func measure() -> [Measurement] {
    encoding() + [mailbox(), resolving(), parsing("GET", Self.get), parsing("POST", Self.post)]
      + [unmasking()]
  }

  private func encoding() -> [Measurement] {
    let formats: [(String, any WireFormat)] = [
      ("SSE data", SSEFormat(content: .data, isNamed: true)),
      ("SSE event", SSEFormat(content: .event, isNamed: true)),
      ("WebSocket event", WebSocketFormat(content: .event, deflate: nil)),
      ("WebSocket data", WebSocketFormat(content: .data, deflate: nil)),
    ]
    return formats.map { name, format in
      var bytes: [UInt8] = []
      return Measurement("encode \(name)") { _ in
        bytes.removeAll(keepingCapacity: true)
        _ = format.appendEvent(event, to: &bytes)
      }
    }
  }

  /// As a loop does with what it is handed: one ring for each format, trimmed to the mailbox.
  private func mailbox() -> Measurement {
    let shard = Shard(channel: channel, namespace: 0, settings: NamespaceSettings(), home: 0)
    shard.join(LogState(epoch: epoch, head: 0, oldest: 1))
    let limits = Limits()
    let batch = [event]
    return Measurement("mailbox append") { _ in shard.append(batch, limits: limits) }
  }

  private func resolving() -> Measurement {
    let text = "123.\(epoch.text)"
    let channels = [channel]
    let log = LogState(epoch: epoch, head: 200, oldest: 50)
    return Measurement("cursor resolve") { _ in
      guard let cursor = Cursor(text, for: channels), let position = cursor.positions[0] else {
        preconditionFailure("\(text) is a cursor")
      }
      _ = Verdict.judge(.after(position), log)
    }
  }

  private static let get = """
    GET /channels/project:42/events HTTP/1.1\r
    Host: localhost:8080\r
    User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36\r
    Accept: text/event-stream\r
    Accept-Encoding: gzip, deflate, br\r
    Accept-Language: en\r
    Cache-Control: no-cache\r
    Last-Event-ID: 123.k3x9a2b7c1\r
    Connection: keep-alive\r
    \r\n
    """

  private static let post = """
    POST /channels/project:42/events HTTP/1.1\r
    Host: localhost:8080\r
    Content-Type: application/json\r
    Content-Length: 230\r
    \r\n
    """

  private func parsing(_ name: String, _ text: String) -> Measurement {
    let bytes = Array(text.utf8)
    return Measurement("parse head \(name), \(bytes.count) bytes", operations: 5_000) { _ in
      var parser = RequestHeadParser(headBytesMax: 16 * 1024)
      guard case .head = parser.parse(bytes.span) else {
        preconditionFailure("the head of \(name) is a head")
      }
    }
  }

  private func unmasking() -> Measurement {
    var frame: [UInt8] = []
    let payload = Array(repeating: UInt8(ascii: "x"), count: 1_024)
    WebSocketFrame.appendMasked(.text, payload, mask: 0x1234_5678, to: &frame)
    let bytes = frame
    return Measurement("read and unmask 1 KiB", operations: 5_000) { _ in
      var reader = WebSocketReader(messageBytesMax: 64 * 1024)
      var consumed = 0
      guard case .item = reader.read(bytes.span, consumed: &consumed) else {
        preconditionFailure("the frame is a message")
      }
    }
  }
}
