import FanfareRuntime
import FanfareServer
import FanfareTestKit
import Testing

/// What followers and publishers see of a server that stops and comes back.
@Suite struct ServerLifeTests {
  @Test func stoppingSaysByeAndEndsEveryStream() async throws {
    try await ServerUnderTest.run { server in
      let streams = try (0..<8).map { try server.stream("/channels/c\($0)/events") }
      for stream in streams { _ = try stream.attached() }
      let poll = try server.connect()
      try poll.request("GET", "/channels/c0/events?wait=60")
      let idle = try server.connect()
      #expect(try idle.ask("GET", "/healthz").status == 200)
      let waits = try await Deadline().holds { try server.metrics()["fanfare_channels"] == 8 }
      #expect(waits)
      let start = ContinuousClock.now
      await server.stop()
      #expect(ContinuousClock.now - start < .seconds(4))
      for stream in streams {
        #expect((600...3_600).contains(try stream.block().retry ?? 0))
        let bye = try stream.block()
        #expect(bye.event == "fanfare.bye" && bye.id == nil)
        let body: ByeBody = try bye.json()
        #expect(body.reason == "shutdown")
        #expect((600...3_600).contains(body.retry ?? 0))
        #expect(try stream.next() == nil)
      }
      // A poll that waits is answered with what there is: nothing, and its cursor.
      let answer = try poll.answer()
      #expect(answer.status == 200)
      #expect(try answer.events.cursor.hasPrefix("0."))
      #expect(answer["connection"] == "close")
      #expect(try idle.isClosedSilently())
      #expect(throws: ClientFailure.self) { try server.connect() }
    }
  }

  @Test func aRestartIsToldAsOneReset() async throws {
    try await ServerUnderTest.onThread {
      let first = try await ServerUnderTest.start()
      let client = try first.connect()
      for number in 1...3 { _ = try client.publish("/channels/c/events", "t", "\(number)") }
      let cursor = try first.read("/channels/c/events?after=oldest").cursor
      await first.stop()
      try await ServerUnderTest.run { second in
        _ = try second.connect().publish("/channels/c/events", "t", "9")
        let stream = try second.stream("/channels/c/events", ["Last-Event-ID: \(cursor)"])
        #expect(try stream.attached().channels[0].verdict == "reset")
        #expect(try stream.events(1).map(\.data) == ["9"])
        let again = try second.stream(
          "/channels/c/events", ["Last-Event-ID: \(try #require(stream.cursor))"])
        let verdict = try again.attached().channels[0]
        #expect(verdict.verdict == "resumed" && verdict.replayed == 0)
      }
    }
  }

  @Test func answersUnderWayAreFinished() async throws {
    try await ServerUnderTest.run { server in
      let data = "\"" + String(repeating: "x", count: 60_000) + "\""
      let client = try server.connect()
      for _ in 1...16 {
        #expect(try client.publish("/channels/c/events", "t", data).status == 201)
      }
      let slow = try server.connect(receiveBufferBytes: 4_096)
      try slow.request("GET", "/channels/c/events?after=oldest")
      let head = try slow.head()
      let length = try #require(head["content-length"].flatMap { Int($0) })
      let start = ContinuousClock.now
      async let stopped: Void = server.stop()
      let body = try slow.read("the whole body") { input in
        input.count >= length ? input.count : nil
      }
      await stopped
      #expect(body == length)
      // Nobody waits for a connection that has nothing more to say.
      #expect(ContinuousClock.now - start < .seconds(4))
    }
  }
}
