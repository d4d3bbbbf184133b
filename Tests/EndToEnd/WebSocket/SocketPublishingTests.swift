import FanfareServer
import FanfareTestKit
import Testing

/// Publishing and asking on `/ws` (CONTRACT section 4), and what is refused there.
@Suite struct SocketPublishingTests {
  private static func publish(
    _ id: Int, _ channel: String, _ data: String, key: String? = nil
  ) -> String {
    let key = key.map { #","key":"\#($0)""# } ?? ""
    return #"{"op":"publish","id":\#(id),"channel":"\#(channel)","type":"t","#
      + #""data":\#(data)\#(key)}"#
  }

  @Test func publishingIsAnsweredAndSeenEverywhere() async throws {
    try await ServerUnderTest.run { server in
      let stream = try server.stream("/channels/c/events")
      _ = try stream.attached()
      let socket = try server.webSocket("/ws?channels=c")
      _ = try socket.message()
      let data = "{ \"a\":[1, 2],\t\"b\":\"\\u00e4\"}"
      try socket.text(Self.publish(7, "c", data))
      var messages = [try socket.message(), try socket.message()]
      messages.sort { $0.op < $1.op }
      let position = try #require(messages[1].position)
      #expect(messages[1].text == #"{"op":"published","id":7,"position":"\#(position)"}"#)
      #expect(messages[0].position == position && messages[0].data == data)
      let event = try stream.events(1)[0]
      #expect(event.id == position && event.data == data)
    }
  }

  @Test func aKeyPublishesOnce() async throws {
    try await ServerUnderTest.run { server in
      let socket = try server.webSocket()
      let first = try socket.ask(Self.publish(1, "c", "1", key: "k"), id: 1)
      let again = try socket.ask(Self.publish(2, "c", "1", key: "k"), id: 2)
      #expect(first.op == "published" && again.op == "published")
      #expect(again.position == first.position)
      let other = try socket.ask(Self.publish(3, "c", "2", key: "k"), id: 3)
      #expect(other.op == "error" && other.status == 422)
      // The scope is the channel, whatever the transport.
      let elsewhere = try socket.ask(Self.publish(4, "d", "2", key: "k"), id: 4)
      #expect(elsewhere.op == "published")
      let http = try server.connect().publish(
        "/channels/c/events", "t", "1", ["Idempotency-Key: k"])
      #expect(try http.json(PublishedBody.self).position == first.position)
      // Two at once: the later one waits for the first.
      let bytes = [10, 11].flatMap {
        SocketFrame.bytes(SocketFrame.text, Array(Self.publish($0, "e", "1", key: "k").utf8))
      }
      try socket.send(bytes)
      let pair = [try socket.message(), try socket.message()]
      #expect(pair.map(\.id) == [10, 11] && pair[0].position == pair[1].position)
      #expect(try server.read("/channels/c/events?after=oldest").positions.count == 1)
    }
  }

  @Test func pipelinedPublishesKeepTheirOrder() async throws {
    try await ServerUnderTest.run({ $0.limits.webSocketMessagesMax = 10_000 }) { server in
      let follower = try server.webSocket("/ws?channels=c,d")
      _ = try follower.message()
      let socket = try server.webSocket()
      let count = 1_500
      var bytes: [UInt8] = []
      for number in 1...count {
        let text = Self.publish(number, number % 3 == 0 ? "d" : "c", "\(number)")
        bytes += SocketFrame.bytes(SocketFrame.text, Array(text.utf8))
      }
      try socket.send(bytes)
      var last: [Bool: Int] = [:]
      for number in 1...count {
        let message = try socket.message()
        #expect(message.op == "published" && message.id == number)
        let offset = try #require(message.position?.offset)
        #expect(offset == (last[number % 3 == 0] ?? 0) + 1)
        last[number % 3 == 0] = offset
      }
      let events = try follower.events(count)
      for (channel, expected) in [
        ("d", (1...count).filter { $0 % 3 == 0 }), ("c", (1...count).filter { $0 % 3 != 0 }),
      ] {
        #expect(events.filter { $0.channel == channel }.map(\.data) == expected.map { "\($0)" })
      }
    }
  }

  @Test func pingsAreAnsweredWithTheirID() async throws {
    try await ServerUnderTest.run { server in
      let socket = try server.webSocket()
      for (asked, answered) in [
        (#"{"op":"ping","id":4}"#, #"{"op":"pong","id":4}"#),
        (#"{"op":"ping"}"#, #"{"op":"pong"}"#),
        (#" { "id" : "a\u0041\n" , "op" : "ping" } "#, #"{"op":"pong","id":"a\u0041\n"}"#),
        (#"{"op":"ping","id":-1.5e3}"#, #"{"op":"pong","id":-1.5e3}"#),
      ] {
        try socket.text(asked)
        guard case .text(let text) = try socket.next() else {
          Issue.record("\(asked): no text")
          continue
        }
        #expect(String(decoding: text, as: UTF8.self) == answered)
      }
    }
  }

  private static let long = String(repeating: "x", count: 300)

  private static let refusals: [(message: String, status: Int, hasID: Bool)] = [
    ("", 400, false), ("{", 400, false), ("[]", 400, false), ("null", 400, false),
    (#"{"op":"ping","op":"ping"}"#, 400, false), (#"{"op":"ping"}x"#, 400, false),
    (#"{"id":1}"#, 400, true), (#"{"op":"fly","id":1}"#, 400, true),
    (#"{"op":7,"id":1}"#, 400, true), (#"{"op":"ping","id":null}"#, 400, false),
    (#"{"op":"ping","id":{}}"#, 400, false), (#"{"op":"ping","id":"\#(long)"}"#, 400, false),
    (#"{"op":"ping","id":1,"x":1}"#, 400, true), (#"{"op":"refresh","id":1}"#, 400, true),
    (#"{"op":"subscribe","id":1}"#, 422, true),
    (#"{"op":"subscribe","id":1,"channel":7}"#, 400, true),
    (#"{"op":"subscribe","id":1,"channel":"a b"}"#, 422, true),
    (#"{"op":"subscribe","id":1,"channel":"\#(long)"}"#, 422, true),
    (#"{"op":"subscribe","id":1,"channel":"c","after":"1"}"#, 400, true),
    (#"{"op":"subscribe","id":1,"channel":"c","after":7}"#, 400, true),
    (#"{"op":"subscribe","id":1,"channel":"c","after":"1.abcdefgh"}"#, 400, true),
    (#"{"op":"subscribe","id":1,"channel":"c","after":"oldest","last":1}"#, 400, true),
    (#"{"op":"subscribe","id":1,"channel":"c","last":-1}"#, 400, true),
    (#"{"op":"subscribe","id":1,"channel":"c","last":1.5}"#, 400, true),
    (#"{"op":"subscribe","id":1,"channel":"c","types":[]}"#, 400, true),
    (#"{"op":"subscribe","id":1,"channel":"c","types":[1]}"#, 400, true),
    (#"{"op":"subscribe","id":1,"channel":"c","types":"a b"}"#, 400, true),
    (#"{"op":"subscribe","id":1,"channel":"c","typos":["a"]}"#, 400, true),
    (#"{"op":"unsubscribe","id":1,"channel":"c"}"#, 404, true),
    (#"{"op":"unsubscribe","id":1}"#, 422, true),
    (#"{"op":"publish","id":1,"type":"t","data":1}"#, 422, true),
    (#"{"op":"publish","id":1,"channel":"c","data":1}"#, 422, true),
    (#"{"op":"publish","id":1,"channel":"c","type":"t"}"#, 422, true),
    (#"{"op":"publish","id":1,"channel":"c","type":"a b","data":1}"#, 422, true),
    (#"{"op":"publish","id":1,"channel":"c","type":"fanfare.x","data":1}"#, 422, true),
    (#"{"op":"publish","id":1,"channel":"c","type":"open","data":1}"#, 422, true),
    (#"{"op":"publish","id":1,"channel":"job:1","type":"t","data":1}"#, 403, true),
    (#"{"op":"publish","id":1,"channel":"fanfare","type":"t","data":1}"#, 403, true),
    (#"{"op":"publish","id":1,"channel":"c","type":"t","data":1,"key":""}"#, 400, true),
    (#"{"op":"publish","id":1,"channel":"c","type":"t","data":1,"key":"\#(long)"}"#, 400, true),
    (#"{"op":"publish","id":1,"channel":"c","type":"t","data":1,"position":"1"}"#, 400, true),
  ]

  @Test func refusalsSayWhatToMendAndTheConnectionStays() async throws {
    try await ServerUnderTest.run { server in
      let socket = try server.webSocket()
      for (message, status, hasID) in Self.refusals {
        try socket.text(message)
        let answer = try socket.message()
        #expect(answer.op == "error" && answer.status == status, "\(message): \(answer.text)")
        #expect(answer.id == (hasID ? 1 : nil), "\(message)")
        #expect(answer.title?.isEmpty == false && answer.detail?.isEmpty == false, "\(message)")
      }
      try socket.frame(SocketFrame.binary, Array(#"{"op":"ping","id":1}"#.utf8))
      let binary = try socket.message()
      #expect(binary.op == "error" && binary.status == 400)
      let large = String(repeating: "x", count: 65_536)
      let tooLarge = try socket.ask(Self.publish(3, "c", "\"\(large)\""), id: 3)
      #expect(tooLarge.op == "error" && tooLarge.status == 413)
      #expect(try socket.ask(#"{"op":"ping","id":2}"#, id: 2).op == "pong")
      #expect(try server.read("/channels/c/events?after=oldest").events.isEmpty)
      let metrics = try server.metrics()
      let counted = metrics.sum("fanfare_errors_total")
      #expect(counted == Double(Self.refusals.count + 2))
    }
  }
}
