import FanfareActors
import FanfareRuntime
import FanfareServer
import FanfareTestKit
import Testing

/// A feed that lags behind its log, or never brings a part of it.
@Suite struct FeedTests {
  private static let path = "/channels/c/events"

  private static func publish(_ numbers: ClosedRange<Int>, _ server: ServerUnderTest) throws {
    let lines = numbers.map { #"{"type":"t","data":\#($0)}"# }
    let answer = try server.connect().publish(lines: lines, path)
    guard answer.status == 200 else { throw ClientFailure.malformed(answer.text) }
  }

  @Test(arguments: Overflow.allCases)
  func whatNeverComesIsToldInItsPlace(overflow: Overflow) async throws {
    let backplane = ScriptedBackplane()
    let channel = try #require(ChannelName("c"))
    let change: (inout Settings) -> Void = { $0.namespaceDefaults.overflow = overflow }
    try await ServerUnderTest.run(change, over: backplane) { server in
      let stream = try server.stream(Self.path)
      _ = try stream.attached()
      let socket = try server.webSocket("/ws?channels=c")
      _ = try socket.message()
      try Self.publish(1...2, server)
      _ = try stream.events(2)
      _ = try socket.events(2)
      backplane.holdsFeed(true)
      try Self.publish(3...5, server)
      backplane.losesFeed(of: channel)
      backplane.holdsFeed(false)
      try Self.publish(6...6, server)
      let block = try stream.block()
      #expect(block.event == "fanfare.gap" && block.id == nil)
      let gap = try block.json(VerdictBody.self)
      #expect(gap.from?.offset == 3 && gap.to?.offset == 5 && gap.missed == 3)
      #expect(try stream.block().id == gap.to)
      #expect(try stream.events(1)[0].data == "6")
      let told = try socket.message()
      #expect(told.op == "gap" && told.missed == 3)
      #expect(try socket.events(1)[0].data == "6")
      let dropped = #"fanfare_events_dropped_total{namespace="other",reason="history"}"#
      #expect(try await server.counts(dropped, 6))
      #expect(try server.metrics().sum("fanfare_gaps_told_total") == 2)
    }
  }

  @Test func whatIsLostIsToldThoughNothingFollows() async throws {
    let backplane = ScriptedBackplane()
    let channel = try #require(ChannelName("c"))
    let change: (inout Settings) -> Void = { $0.limits.mailboxEventsMax = 16 }
    try await ServerUnderTest.run(change, over: backplane) { server in
      let stream = try server.stream(Self.path)
      _ = try stream.attached()
      let socket = try server.webSocket("/ws?channels=c")
      _ = try socket.message()
      try Self.publish(1...1, server)
      let cursor = try #require(try stream.events(1)[0].id)
      _ = try socket.events(1)
      let poll = try server.connect()
      let reads = backplane.reads(of: channel)
      try poll.request(
        "GET", Self.path + "?wait=60&after=\(cursor)", ["Accept: application/json"])
      #expect(await Deadline().holds { backplane.reads(of: channel) > reads })
      backplane.holdsFeed(true)
      // As many as may be on their way.
      try Self.publish(2...5, server)
      backplane.losesEvents(of: channel)
      let gap = try stream.block().json(VerdictBody.self)
      #expect(gap.from?.offset == 2 && gap.to?.offset == 5 && gap.missed == 4)
      #expect(try stream.block().id == gap.to)
      #expect(try socket.message().missed == 4)
      let told = try poll.answer().events
      #expect(told.channels.map(\.verdict) == ["gap"] && told.cursor == gap.to)
      // Whoever comes with a cursor before it is told as much.
      let late = try server.stream(Self.path + "?after=\(cursor)")
      #expect(try late.attached().channels[0].verdict == "gap")
      backplane.holdsFeed(false)
      try Self.publish(6...9, server)
      for events in [try stream.events(4), try late.events(4)] {
        #expect(events.map(\.data) == ["6", "7", "8", "9"])
      }
    }
  }

  /// Where nothing is retained, a poll that waits is given what comes.
  @Test func aPollOfALogThatRetainsNothingReadsTheMailbox() async throws {
    let backplane = ScriptedBackplane(historyMax: 0)
    // The stream and the polls share a mailbox.
    let change: (inout Settings) -> Void = { $0.loops = .exactly(1) }
    try await ServerUnderTest.run(change, over: backplane) { server in
      let stream = try server.stream(Self.path)
      var cursor = try stream.attached().channels[0].position
      for number in 1...3 {
        let poll = try server.connect()
        try poll.request(
          "GET", Self.path + "?wait=60&after=\(cursor)", ["Accept: application/json"])
        if number != 2 { try Self.publish(number...number, server) }
        if number == 1 { try Self.publish(2...2, server) }
        let answer = try poll.answer().events
        #expect(answer.channels.map(\.verdict) == ["resumed"])
        let position = try #require(answer.positions.first)
        #expect(position.offset == number)
        cursor = position
      }
    }
  }

  @Test func aPageThatComesInPartsIsReadToItsEnd() async throws {
    let backplane = ScriptedBackplane(pageMax: 3)
    let change: (inout Settings) -> Void = { $0.limits.mailboxEventsMax = 16 }
    try await ServerUnderTest.run(change, over: backplane) { server in
      let first = try server.stream(Self.path)
      _ = try first.attached()
      try Self.publish(1...60, server)
      let epoch = try #require(try first.events(60)[0].id?.split(separator: ".").last)
      let late = try server.stream(Self.path + "?after=20.\(epoch)")
      #expect(try late.attached().channels[0].replayed == 40)
      #expect(try late.events(40).map(\.data) == (21...60).map { "\($0)" })
    }
  }

  @Test func aCursorBetweenTheFeedAndWhatTheLogStillHoldsIsToldAGap() async throws {
    let backplane = ScriptedBackplane(historyMax: 2)
    try await ServerUnderTest.run(over: backplane) { server in
      let first = try server.stream(Self.path)
      _ = try first.attached()
      try Self.publish(1...2, server)
      let epoch = try #require(try first.events(2)[0].id?.split(separator: ".").last)
      backplane.holdsFeed(true)
      try Self.publish(3...7, server)
      let ahead = try server.stream(Self.path + "?after=3.\(epoch)")
      let told = try ahead.attached().channels[0]
      #expect(told.verdict == "gap" && told.missed == 2 && told.position == "5.\(epoch)")
      backplane.holdsFeed(false)
      #expect(try ahead.events(2).map(\.data) == ["6", "7"])
      #expect(try first.block().json(VerdictBody.self).missed == 3)
    }
  }

  @Test func aCursorAheadOfTheFeedIsJudgedByTheLog() async throws {
    let backplane = ScriptedBackplane()
    try await ServerUnderTest.run(over: backplane) { server in
      let first = try server.stream(Self.path)
      _ = try first.attached()
      try Self.publish(1...2, server)
      _ = try first.events(2)
      backplane.holdsFeed(true)
      try Self.publish(3...7, server)
      // As another node handed it out, whose feed is further.
      let cursor = try server.read(Self.path + "?after=oldest").cursor
      #expect(cursor.offset == 7)
      let epoch = try #require(cursor.split(separator: ".").last)
      let ahead = try server.stream(Self.path + "?after=6.\(epoch)")
      let told = try ahead.attached().channels[0]
      #expect(told.verdict == "resumed" && told.replayed == 1)
      #expect(told.position == "6.\(epoch)")
      let live = try server.webSocket("/ws?channels=c&after=7.\(epoch)")
      #expect(try live.message().channels.map(\.replayed) == [0])
      let beyond = try server.stream(Self.path + "?after=8.\(epoch)")
      #expect(try beyond.attached().channels[0].verdict == "reset")
      let lag = try server.ask("GET", "/channels").json(ChannelsBody.self).channels[0].lagMax
      #expect(lag <= 2)
      backplane.holdsFeed(false)
      try Self.publish(8...8, server)
      #expect(try first.events(6).map(\.data) == ["3", "4", "5", "6", "7", "8"])
      #expect(try ahead.events(2).map(\.data) == ["7", "8"])
      #expect(try live.events(1)[0].data == "8")
      #expect(try beyond.events(8).map(\.data) == (1...8).map { "\($0)" })
      #expect(try server.metrics().sum("fanfare_gaps_told_total") == 0)
    }
  }
}
