import FanfareActors
import FanfareRuntime
import FanfareServer
import FanfareTestKit
import Testing

/// Publishing to a backplane that fails, or does not say.
@Suite struct BackplanePublishingTests {
  private static let path = "/channels/c/events"
  private static let key = ["Idempotency-Key: k-1"]

  @Test(arguments: [
    (PublishError.unavailable, "not-published"), (.outcomeUnknown, "outcome-unknown"),
  ])
  func everyDoorSaysWhich(error: PublishError, kind: String) async throws {
    let backplane = ScriptedBackplane()
    try await ServerUnderTest.run(over: backplane) { server in
      backplane.becomes(.failing(error))
      for answer in [
        try server.connect().publish(Self.path, "t", "1"),
        try server.connect().publish(
          lines: [
            #"{"channel":"c","type":"t","data":1}"#, #"{"channel":"d","type":"t","data":1}"#,
          ],
          "/events"),
      ] {
        #expect(answer.status == 503 && answer["retry-after"] != nil)
        #expect(try answer.problem.type.hasSuffix(kind))
      }
      let socket = try server.webSocket()
      let told = try socket.ask(
        #"{"op":"publish","id":1,"channel":"c","type":"t","data":1}"#, id: 1)
      #expect(told.op == "error" && told.status == 503 && told.retry != nil)
      #expect(told.text.contains(#""type":"/problems/\#(kind)""#))
      do {
        try await server.server.publish(.agentStarted, "1", to: "c")
        Issue.record("published")
      } catch ServerError.outcomeUnknown {
        #expect(error == .outcomeUnknown)
      } catch ServerError.notPublished {
        #expect(error == .unavailable)
      }
      backplane.becomes(.answering)
      #expect(try server.connect().publish(Self.path, "t", "1").status == 201)
    }
  }

  @Test func theSameKeyCompletesWhatIsMissing() async throws {
    let backplane = ScriptedBackplane()
    let channel = try #require(ChannelName("c"))
    let change: (inout Settings) -> Void = { $0.limits.mailboxEventsMax = 16 }
    try await ServerUnderTest.run(change, over: backplane) { server in
      let stream = try server.stream(Self.path)
      _ = try stream.attached()
      let lines = (1...10).map { #"{"type":"t","data":\#($0)}"# }
      // Four go to the backplane at once: some are stored, and nobody knows.
      for (stored, publishes) in [(4, 1), (8, 1)] {
        backplane.losesAnswers(after: publishes)
        let answer = try server.connect().publish(lines: lines, Self.path, Self.key)
        #expect(answer.status == 503)
        #expect(try answer.problem.type.hasSuffix("outcome-unknown"))
        #expect(backplane.data(of: channel) == (1...stored).map { "\($0)" })
      }
      backplane.losesAnswers(after: nil)
      for _ in 0..<2 {
        let answer = try server.connect().publish(lines: lines, Self.path, Self.key)
        #expect(answer.status == 200)
        let positions = try answer.json(PublishedBody.self).positions ?? []
        #expect(positions.map { $0?.offset } == (1...10).map { $0 })
      }
      #expect(try stream.events(10).map(\.data) == (1...10).map { "\($0)" })
      let other = try server.connect().publish(
        lines: lines.reversed(), Self.path, Self.key)
      #expect(other.status == 422)
      #expect(backplane.data(of: channel).count == 10)
    }
  }

  /// What is on its way through the backplane counts: a follower is never overrun by what comes
  /// back at once.
  @Test func noMoreIsOnItsWayThanAQuarterOfAMailbox() async throws {
    let backplane = ScriptedBackplane()
    let channel = try #require(ChannelName("c"))
    let change: (inout Settings) -> Void = { $0.limits.mailboxEventsMax = 16 }
    try await ServerUnderTest.run(change, over: backplane) { server in
      let stream = try server.stream(Self.path)
      _ = try stream.attached()
      backplane.holdsFeed(true)
      let client = try server.connect()
      let lines = (1...40).map { #"{"type":"t","data":\#($0)}"# }
      try client.request(
        "POST", Self.path, ["Content-Type: application/x-ndjson"],
        body: lines.joined(separator: "\n"))
      let isPaced = try await Deadline().holds {
        _ = try server.read(Self.path + "?after=oldest")
        return backplane.data(of: channel).count == 4
      }
      #expect(isPaced)
      // Those that are not fed for long are not waited for: the backplane is then unproven.
      backplane.says(.unproven)
      #expect(try client.answer().status == 200)
      #expect(backplane.data(of: channel).count == 40)
      _ = try stream.block { $0.event == "fanfare.degraded" }
      backplane.holdsFeed(false)
      backplane.says(.proven)
      // That it is proven again may be told before, among or behind them.
      let events = try (1...40).map { _ in try stream.block { $0.isEvent } }
      #expect(events.map(\.data) == (1...40).map { "\($0)" })
    }
  }
}
