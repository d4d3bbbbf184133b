import FanfareActors
import FanfareRuntime
import FanfareServer
import FanfareTestKit
import Testing

/// A log that begins anew while it is followed: everybody is told `reset`, and stays.
@Suite struct RestartedLogTests {
  private static let path = "/channels/c/events"

  private static func publish(_ numbers: ClosedRange<Int>, _ server: ServerUnderTest) throws {
    let lines = numbers.map { #"{"type":"t","data":\#($0)}"# }
    let answer = try server.connect().publish(lines: lines, path)
    guard answer.status == 200 else { throw ClientFailure.malformed(answer.text) }
  }

  @Test func aStreamIsToldResetAndGoesOn() async throws {
    let backplane = ScriptedBackplane()
    let channel = try #require(ChannelName("c"))
    try await ServerUnderTest.run(over: backplane) { server in
      let stream = try server.stream(Self.path)
      let first = try stream.attached().channels[0]
      try Self.publish(1...3, server)
      let before = try stream.events(3)
      backplane.restarts(channel, keepingEvents: true)
      let told = try stream.block()
      #expect(told.event == "fanfare.attached" && told.id == nil)
      let verdict = try told.json(AttachedBody.self).channels[0]
      #expect(verdict.verdict == "reset" && verdict.channel == "c")
      #expect(verdict.position.offset == 0 && verdict.position != first.position)
      let cursor = try stream.block()
      #expect(cursor.isCursor && cursor.id == verdict.position)
      // All that the log retains, then live.
      let again = try stream.events(3)
      #expect(again.map(\.data) == before.map(\.data))
      #expect(again.map(\.id) != before.map(\.id))
      try Self.publish(4...4, server)
      #expect(try stream.events(1)[0].data == "4")
      #expect(try server.metrics()[#"fanfare_attachments_total{verdict="reset"}"#] == 1)
      // The new cursor is right, the old one is not.
      let newest = try #require(stream.cursor)
      let resumed = try server.stream(Self.path, ["Last-Event-ID: \(newest)"])
      #expect(try resumed.attached().channels[0].verdict == "resumed")
      let reset = try server.stream(Self.path, ["Last-Event-ID: \(before[2].id ?? "")"])
      #expect(try reset.attached().channels[0].verdict == "reset")
      #expect(try reset.events(4).map(\.data) == ["1", "2", "3", "4"])
    }
  }

  @Test func eachChannelOfAStreamIsToldForItself() async throws {
    let backplane = ScriptedBackplane()
    let channel = try #require(ChannelName("a"))
    try await ServerUnderTest.run(over: backplane) { server in
      let stream = try server.stream("/events?channels=a,b")
      _ = try stream.attached()
      let client = try server.connect()
      for name in ["a", "b"] { _ = try client.publish("/channels/\(name)/events", "t", "1") }
      _ = try stream.events(2)
      let before = try #require(stream.cursor).split(separator: ",")
      backplane.restarts(channel, keepingEvents: false)
      let told = try stream.block { $0.event == "fanfare.attached" }
      let verdicts = try told.json(AttachedBody.self).channels
      #expect(verdicts.map(\.channel) == ["a"])
      #expect(verdicts.map(\.verdict) == ["reset"])
      #expect(try stream.block().isCursor)
      let after = try #require(stream.cursor).split(separator: ",")
      #expect(after[0] == verdicts[0].position && after[1] == before[1])
      _ = try client.publish("/channels/b/events", "t", "2")
      _ = try client.publish("/channels/a/events", "t", "3")
      #expect(try stream.events(2).count == 2)
    }
  }

  @Test func aSocketIsToldResetAndOneOfDataEnds() async throws {
    let backplane = ScriptedBackplane()
    let channel = try #require(ChannelName("c"))
    try await ServerUnderTest.run(over: backplane) { server in
      let socket = try server.webSocket()
      _ = try socket.ask(#"{"op":"subscribe","id":1,"channel":"c"}"#, id: 1)
      let bare = try server.webSocket("/ws?channels=c&format=data")
      let isThere = try await Deadline().holds {
        try server.ask("GET", "/channels").text.contains(#""followers":2"#)
      }
      #expect(isThere)
      try Self.publish(1...2, server)
      _ = try socket.events(2)
      backplane.restarts(channel, keepingEvents: true)
      let told = try socket.message()
      #expect(told.op == "attached" && told.anyID == nil)
      #expect(told.channels.map(\.verdict) == ["reset"])
      #expect(try socket.events(2).map(\.data) == ["1", "2"])
      // A hole cannot be told where only data is sent.
      var code: UInt16?
      while case let item = try bare.next() {
        if case .close(let said, _) = item {
          code = said
          break
        }
      }
      #expect(code == 1013)
      try Self.publish(3...3, server)
      #expect(try socket.events(1)[0].data == "3")
    }
  }

  @Test func aPollThatWaitsIsAnswered() async throws {
    let backplane = ScriptedBackplane()
    let channel = try #require(ChannelName("c"))
    try await ServerUnderTest.run(over: backplane) { server in
      try Self.publish(1...2, server)
      let cursor = try server.read(Self.path + "?after=oldest").cursor
      let reads = backplane.reads(of: channel)
      let client = try server.connect()
      try client.request(
        "GET", Self.path + "?wait=60&after=\(cursor)", ["Accept: application/json"])
      #expect(await Deadline().holds { backplane.reads(of: channel) > reads })
      backplane.restarts(channel, keepingEvents: false)
      let answer = try client.answer().events
      #expect(answer.channels[0].verdict == "reset")
      #expect(answer.cursor.offset == 0 && answer.events.isEmpty)
    }
  }

  @Test func pagesOfTheOldLogAreGivenToNobody() async throws {
    let backplane = ScriptedBackplane()
    let channel = try #require(ChannelName("c"))
    let change: (inout Settings) -> Void = { $0.limits.mailboxEventsMax = 16 }
    try await ServerUnderTest.run(change, over: backplane) { server in
      try Self.publish(1...40, server)
      let first = try server.stream(Self.path + "?after=oldest")
      #expect(try first.attached().channels[0].replayed == 40)
      #expect(try first.events(40).map(\.data) == (1...40).map { "\($0)" })
      backplane.restarts(channel, keepingEvents: false)
      _ = try first.block { $0.event == "fanfare.attached" }
      #expect(try first.block().isCursor)
      try Self.publish(101...140, server)
      #expect(try first.events(40).map(\.data) == (101...140).map { "\($0)" })
      let second = try server.stream(Self.path + "?after=oldest")
      _ = try second.attached()
      #expect(try second.events(40).map(\.data) == (101...140).map { "\($0)" })
    }
  }
}
