import FanfareRuntime
import FanfareServer
import FanfareTestKit
import Testing

/// A cursor belongs to the channel, not to the transport: whoever changes from one to another is
/// given each event exactly once.
@Suite struct CarriedCursorTests {
  private enum Transport: CaseIterable {
    case socket
    case socketMessage
    case stream
    case poll
  }

  /// Reads what came after `cursor`, at least one event if there is one. Returns the data, and the
  /// cursor to go on with.
  private static func read(
    _ server: ServerUnderTest, _ transport: Transport, after cursor: String, events: Int
  ) throws -> (data: [String], cursor: String) {
    switch transport {
    case .socket, .socketMessage:
      let socket: TestWebSocket
      let verdict: String?
      if transport == .socket {
        socket = try server.webSocket("/ws?channels=c&after=\(cursor)")
        verdict = try socket.message().channels.first?.verdict
      } else {
        socket = try server.webSocket()
        verdict = try socket.ask(
          #"{"op":"subscribe","id":1,"channel":"c","after":"\#(cursor)"}"#, id: 1
        ).verdict
      }
      guard verdict == "resumed" else { throw ClientFailure.malformed(verdict ?? "none") }
      let read = try socket.events(events)
      socket.connection.socket.close()
      return (read.map(\.data), read.last?.position ?? cursor)
    case .stream:
      let stream = try server.stream("/channels/c/events", ["Last-Event-ID: \(cursor)"])
      let verdict = try stream.attached().channels[0].verdict
      guard verdict == "resumed" else { throw ClientFailure.malformed(verdict ?? "none") }
      let read = try stream.events(events)
      stream.close()
      return (read.compactMap(\.data), read.last?.id ?? cursor)
    case .poll:
      let answer = try server.ask(
        "GET", "/channels/c/events?after=\(cursor)&limit=\(max(1, events))&wait=5",
        ["Accept: application/json"])
      let body = try answer.events
      guard body.channels[0].verdict == "resumed" else {
        throw ClientFailure.malformed(body.channels[0].verdict ?? "none")
      }
      return (answer.eventData, body.cursor)
    }
  }

  @Test(arguments: 1...3 as ClosedRange<UInt64>)
  func eachEventExactlyOnce(seed: UInt64) async throws {
    try await ServerUnderTest.run { server in
      var random = SeededGenerator(seed: seed)
      let publisher = try server.connect()
      var cursor = try server.read("/channels/c/events?after=oldest").cursor
      var published = 0
      var seen: [String] = []
      // Each to each, and then as chance has it.
      var ways: [Transport] = []
      for one in Transport.allCases {
        for other in Transport.allCases { ways += [one, other] }
      }
      for _ in 0..<30 { ways.append(random.pick(Transport.allCases)) }
      for (step, transport) in ways.enumerated() {
        for _ in 0..<random.int(1...5) {
          published += 1
          _ = try publisher.publish("/channels/c/events", "t", "\(published)")
        }
        let waiting = published - seen.count
        let read = try Self.read(
          server, transport, after: cursor, events: random.int(1...waiting))
        seen += read.data
        cursor = read.cursor
        #expect(
          seen == (1...seen.count).map { "\($0)" }, "seed \(seed) step \(step) \(transport)")
      }
      #expect(seen.count > ways.count)
    }
  }

  /// The composite cursor of several channels, there and back.
  @Test func theCursorOfSeveralChannels() async throws {
    try await ServerUnderTest.run { server in
      let publisher = try server.connect()
      for number in 1...6 {
        _ = try publisher.publish(
          "/channels/\(number % 2 == 0 ? "a" : "b")/events", "t", "\(number)")
      }
      let read = try server.read("/events?channels=a,b&after=oldest&limit=2")
      let socket = try server.webSocket("/ws?channels=a,b&after=\(read.cursor)")
      #expect(try socket.message().channels.map(\.verdict) == ["resumed", "resumed"])
      let events = try socket.events(2)
      var positions = read.cursor.split(separator: ",").map(String.init)
      for event in events {
        positions[event.channel == "a" ? 0 : 1] = try #require(event.position)
      }
      let stream = try server.stream(
        "/events?channels=a,b", ["Last-Event-ID: \(positions.joined(separator: ","))"])
      _ = try stream.attached()
      let rest = try stream.events(2).map { try $0.json(EventBody.self).position }
      let all = try server.read("/events?channels=a,b&after=oldest").positions
      let seen = read.positions + events.compactMap(\.position) + rest
      #expect(seen.sorted() == all.sorted() && Set(seen).count == 6)
    }
  }
}
