import FanfareRuntime
import FanfareTestKit
import Testing

@testable import FanfareActors
@testable import FanfareServer

@Suite struct WebSocketFormatTests {
  private static let format = WebSocketFormat(content: .event, deflate: nil)
  private static let bare = WebSocketFormat(content: .data, deflate: nil)

  /// The texts of the frames in `bytes`, which hold nothing else.
  private static func texts(_ bytes: [UInt8]) throws -> [String] {
    var rest = bytes
    var texts: [String] = []
    while let frame = try SocketFrame.first(of: &rest) {
      #expect(frame.opcode == SocketFrame.text && frame.reserved == 0)
      texts.append(String(decoding: frame.payload, as: UTF8.self))
    }
    #expect(rest.isEmpty)
    return texts
  }

  private static func event(
    _ channel: String, _ type: String, _ data: [UInt8]
  ) throws -> (Event, ChannelName) {
    let name = try #require(ChannelName(channel))
    let event = Event(
      channel: name, position: try #require(Position("17.abcdefgh")),
      type: try #require(EventType(type)), data: data, timeMilliseconds: 1_700_000_000_123,
      acceptedAt: MonotonicInstant(nanoseconds: 0))
    return (event, name)
  }

  @Test func eventsAreExact() throws {
    let (event, _) = try Self.event("project:42", "agent_x", Array("{ \"a\":1 }".utf8))
    var bytes: [UInt8] = []
    #expect(Self.format.appendEvent(event, to: &bytes) == 0)
    #expect(
      try Self.texts(bytes) == [
        #"{"op":"event","channel":"project:42","position":"17.abcdefgh","type":"agent_x","#
          + #""data":{ "a":1 },"time":"2023-11-14T22:13:20.123Z"}"#
      ])
    bytes = []
    #expect(Self.bare.appendEvent(event, to: &bytes) == 0)
    #expect(bytes == [0x81, 9] + Array("{ \"a\":1 }".utf8))
  }

  @Test func controlMessagesAreExact() throws {
    let (_, name) = try Self.event("c", "t", [])
    let epoch = try #require(Epoch("abcdefgh"))
    let verdicts: [(Verdict, String)] = [
      (.live, #""verdict":"live""#), (.resumed(replayed: 3), #""verdict":"resumed","replayed":3"#),
      (
        .gap(from: 4, to: 6),
        #""verdict":"gap","from":"4.abcdefgh","to":"6.abcdefgh","missed":3"#
      ), (.reset, #""verdict":"reset""#),
    ]
    let told = verdicts.map {
      ChannelVerdict(channel: name, verdict: $0.0, next: 7, epoch: epoch)
    }
    let texts = verdicts.map { #""channel":"c",\#($0.1),"position":"6.abcdefgh"}"# }
    var bytes: [UInt8] = []
    Self.format.appendAttached(told, id: nil, cursor: [], to: &bytes)
    Self.format.appendAttached([told[2]], id: Array("\"x\"".utf8), cursor: [], to: &bytes)
    Self.format.appendAttached([told[0]], id: [], cursor: [], to: &bytes)
    Self.format.appendGap(
      Gap(channel: name, from: 4, to: 6, epoch: epoch), cursor: [], to: &bytes)
    Self.format.appendMoved(name, to: told[0].position, cursor: [], to: &bytes)
    #expect(
      try Self.texts(bytes) == [
        #"{"op":"attached","channels":["# + texts.map { "{" + $0 }.joined(separator: ",") + "]}",
        #"{"op":"subscribed","id":"x","# + texts[2], #"{"op":"subscribed","# + texts[0],
        #"{"op":"gap","channel":"c","from":"4.abcdefgh","to":"6.abcdefgh","missed":3,"#
          + #""position":"6.abcdefgh"}"#,
        #"{"op":"position","channel":"c","position":"6.abcdefgh"}"#,
      ])
    // Where only data is sent, nothing of this is.
    bytes = []
    Self.bare.appendAttached(told, id: nil, cursor: [], to: &bytes)
    Self.bare.appendMoved(name, to: told[0].position, cursor: [], to: &bytes)
    #expect(bytes.isEmpty && !Self.bare.tellsHoles && Self.format.tellsHoles)
  }

  @Test func heartbeatsAndByes() {
    var bytes: [UInt8] = []
    Self.format.appendHeartbeat(to: &bytes)
    #expect(bytes == [0x89, 0])
    let codes: [EndReason: UInt16] = [
      .clientClosed: 1000, .over: 1000, .protocolError: 1002, .tooBig: 1009, .rateLimited: 1008,
      .slowMessage: 1008, .silent: 1008, .socketError: 1011, .shutdown: 1012, .backplaneAway: 1013,
      .stalled: 1013, .stalledFrames: 1013, .controlLane: 1013, .overflow: 1013, .hole: 1013,
      .tooManyChannels: 1013, .tooManyConnections: 1013,
    ]
    for reason in EndReason.allCases {
      let close =
        [UInt8((codes[reason] ?? 0) >> 8), UInt8((codes[reason] ?? 0) & 0xFF)]
        + Array(reason.rawValue.utf8)
      let text = #"{"op":"bye","reason":"\#(reason.rawValue)","retry":1500}"#
      let closing = SocketFrame.bytes(SocketFrame.close, close, mask: nil)
      bytes = []
      Self.format.appendBye(reason, retry: .milliseconds(1_500), to: &bytes)
      #expect(
        bytes == SocketFrame.bytes(SocketFrame.text, Array(text.utf8), mask: nil) + closing)
      bytes = []
      Self.bare.appendBye(reason, retry: nil, to: &bytes)
      #expect(bytes == closing, "\(reason)")
    }
  }

  /// The mailbox counts on this bound, and pacing on the mailbox.
  @Test func noFrameIsOverItsBound() throws {
    let simulation = Simulation(seed: 1, loops: 1)
    let loop = simulation.loops[0]
    let deflate = try #require(MessageDeflate())
    let formats = [
      Self.format, Self.bare,
      WebSocketFormat(content: .event, deflate: LoopConfined(deflate, to: loop)),
    ]
    var random = SeededGenerator(seed: 1)
    for _ in 0..<60 {
      let (event, _) = try Self.event(
        random.text(of: "aZ9.", count: 1...255), random.text(of: "x9_", count: 1...128),
        random.isOne(in: 8) ? random.bytes(count: 65_536...65_536) : random.bytes(count: 0...900))
      for format in formats {
        var bytes: [UInt8] = []
        simulation.on(loop) { _ = format.appendEvent(event, to: &bytes) }
        #expect(bytes.count <= event.frameBytesMax)
      }
    }
    #expect(Set(formats.map(\.identity)).count == 3)
    let streams = [true, false].flatMap { isNamed in
      [EventContent.event, .data].map { SSEFormat(content: $0, isNamed: isNamed).identity }
    }
    #expect(Set(streams).isDisjoint(with: formats.map(\.identity)))
  }
}
