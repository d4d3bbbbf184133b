import FanfareRuntime
import FanfareServer
import FanfareTestKit
import Testing

/// The server inside a Swift program: the calls of `FanfareServer` and what they throw.
@Suite struct LibraryTests {
  private static func number(_ item: FollowItem?) -> String? {
    guard case .event(let event) = item else { return nil }
    return String(decoding: event.data, as: UTF8.self)
  }

  private static func verdicts(_ item: FollowItem?) -> [Verdict]? {
    guard case .attached(let verdicts) = item else { return nil }
    return verdicts.map(\.verdict)
  }

  @Test func aServerStartsOnceAndStopsForGood() async throws {
    try await ServerUnderTest.run { running in
      let server = running.server
      await #expect(throws: ServerError.startedTwice) { try await server.start() }
      let health = try running.ask("GET", "/healthz").status
      #expect(health == 200)
      #expect(server.address == "127.0.0.1:\(running.port)")
      await server.stop()
      #expect(server.address == nil)
      await #expect(throws: ServerError.notRunning) {
        try await server.publish(.agentStarted, "1", to: "c")
      }
      #expect(throws: ServerError.notRunning) { try server.follow(["c"]) }
      await #expect(throws: ServerError.startedTwice) { try await server.start() }
      // Once more does nothing.
      await server.stop()
    }
  }

  @Test func nothingIsServedBeforeTheStart() async throws {
    var settings = Settings()
    settings.listen = ListenAddress(host: "127.0.0.1", port: 0)
    settings.jobs.store = .off
    let server = try FanfareServer(settings, logger: CapturedLog().logger)
    #expect(server.address == nil)
    #expect(throws: ServerError.notRunning) { try server.follow(["c"]) }
    await #expect(throws: ServerError.notRunning) {
      try await server.publish(.agentStarted, "1", to: "c")
    }
    var bad = Settings()
    bad.limits.stalledFrameBytesMax = 1
    do {
      _ = try FanfareServer(bad)
      Issue.record("a server with impossible settings")
    } catch let error {
      #expect(error.description.contains("limits.stalled-frames"))
    }
  }

  @Test func anAddressThatIsTakenIsNamed() async throws {
    try await ServerUnderTest.run { running in
      var settings = Settings()
      settings.listen = ListenAddress(host: "127.0.0.1", port: Int(running.port))
      settings.jobs.store = .off
      let second = try FanfareServer(settings, logger: CapturedLog().logger)
      do {
        try await second.start()
        Issue.record("two servers on one port")
      } catch ServerError.cannotListen(let why) {
        #expect(why.contains("127.0.0.1:\(running.port)"), "\(why)")
      }
      #expect(try running.ask("GET", "/healthz").status == 200)
    }
  }

  @Test func whatCannotBePublishedIsRefusedWithAReason() async throws {
    try await ServerUnderTest.run({ $0.limits.eventDataBytesMax = 1_024 }) { running in
      let server = running.server
      let large = "\"" + String(repeating: "x", count: 1_023) + "\""
      for (json, channel) in [
        ("", "c"), ("{", "c"), ("1 2", "c"), ("01", "c"), (large, "c"), ("1", "a b"), ("1", ""),
      ] {
        do {
          try await server.publish(.agentStarted, json, to: channel)
          Issue.record("\(json) to \(channel)")
        } catch ServerError.notPublished(let why) {
          #expect(!why.isEmpty)
        }
      }
      // As a whole, or not at all.
      let drafts = ["1", "{"].map { Draft(type: .agentStarted, data: Array($0.utf8)) }
      await #expect(throws: ServerError.self) { try await server.publish(drafts, to: "c") }
      #expect(try await server.publish([], to: "c").isEmpty)
      #expect(try running.read("/channels/c/events?after=oldest").events.isEmpty)
      let first = try await server.publish(.agentStarted, "1", to: "c", key: "k")
      #expect(try await server.publish(.agentStarted, "1", to: "c", key: "k") == first)
      await #expect(throws: ServerError.self) {
        try await server.publish(.agentStarted, "2", to: "c", key: "k")
      }
      #expect(try running.ask("GET", "/channels/c/events?after=oldest").eventData == ["1"])
    }
  }

  @Test func whatCannotBeFollowedIsRefusedWithAReason() async throws {
    try await ServerUnderTest.run { running in
      let server = running.server
      let many = (1...129).map { "c\($0)" }
      for channels in [[], ["a b"], ["a", "a"], many] {
        #expect(throws: ServerError.self) { try server.follow(channels) }
      }
      for start in ["", "x", "1.abcdefgh", "-,-"] {
        do {
          _ = try server.follow(["c"], from: .after(start))
          Issue.record("a cursor \(start)")
        } catch ServerError.badFollow(let why) {
          #expect(why.contains("cursor"))
        }
      }
      #expect(throws: ServerError.self) { try server.follow(["c"], types: ["a b"]) }
      #expect(throws: ServerError.self) { try server.follow(["c"], types: []) }
    }
  }

  @Test func aCursorSaysWhatHasBeenGiven() async throws {
    try await ServerUnderTest.run { running in
      let server = running.server
      for number in 1...5 {
        try await server.publish(.agentStarted, "\(number)", to: number < 4 ? "a" : "b")
      }
      let sequence = try server.follow(["b", "a"], from: .oldest)
      var first = sequence.makeAsyncIterator()
      #expect(first.cursor == nil)
      #expect(
        Self.verdicts(try await first.next())
          == [.resumed(replayed: 2), .resumed(replayed: 3)])
      var seen: [String] = []
      for _ in 0..<3 { seen.append(try #require(Self.number(try await first.next()))) }
      let cursor = try #require(first.cursor)
      // The same cursor goes on in this process and over HTTP.
      var second = try server.follow(["b", "a"], from: .after(cursor)).makeAsyncIterator()
      _ = try await second.next()
      let rest = try running.ask("GET", "/events?channels=b,a&after=\(cursor)").eventData
      #expect(rest.count == 2)
      for _ in 0..<2 { seen.append(try #require(Self.number(try await second.next()))) }
      #expect(seen.sorted() == ["1", "2", "3", "4", "5"])
      #expect(Array(seen.suffix(2)) == rest)
      // And what comes now wakes it.
      async let next = second.next()
      try await server.publish(.agentStarted, "6", to: "b")
      #expect(Self.number(try await next) == "6")
    }
  }

  @Test func aFollowerThatFellBehindIsToldWhatItMissed() async throws {
    try await ServerUnderTest.run({ $0.namespaceDefaults.historyEventsMax = 5 }) { running in
      let server = running.server
      try await server.publish(.agentStarted, "1", to: "c")
      var follower = try server.follow(["c"], from: .oldest).makeAsyncIterator()
      _ = try await follower.next()
      #expect(Self.number(try await follower.next()) == "1")
      for number in 2...20 { try await server.publish(.agentStarted, "\(number)", to: "c") }
      #expect(Self.verdicts(try await follower.next()) == [.gap(from: 2, to: 15)])
      for number in 16...20 { #expect(Self.number(try await follower.next()) == "\(number)") }
    }
  }

  @Test func onlyTheTypesThatAreWanted() async throws {
    try await ServerUnderTest.run { running in
      let server = running.server
      let other = try #require(EventType("other"))
      for number in 1...6 {
        try await server.publish(number % 2 == 0 ? .agentStarted : other, "\(number)", to: "c")
      }
      var follower = try server.follow(["c"], from: .last(5), types: ["agent_*"])
        .makeAsyncIterator()
      #expect(Self.verdicts(try await follower.next()) == [.resumed(replayed: 5)])
      for number in [2, 4, 6] { #expect(Self.number(try await follower.next()) == "\(number)") }
    }
  }

  @Test func cancellingATaskEndsItsFollower() async throws {
    try await ServerUnderTest.run { running in
      let sequence = try running.server.follow(["c"])
      let follower = Task {
        var items = 0
        for try await _ in sequence { items += 1 }
        return items
      }
      let attached = try await Deadline().holds {
        try running.metrics()[#"fanfare_attachments_total{verdict="live"}"#] == 1
      }
      #expect(attached)
      let start = ContinuousClock.now
      follower.cancel()
      #expect(try await follower.value == 1)
      #expect(ContinuousClock.now - start < .seconds(10))
      // One whose task is cancelled before it begins gives nothing.
      let late = Task {
        while !Task.isCancelled { await Task.yield() }
        for try await _ in sequence { return false }
        return true
      }
      late.cancel()
      #expect(try await late.value)
    }
  }

  @Test func aFollowerEndsWithTheServer() async throws {
    try await ServerUnderTest.run { running in
      let sequence = try running.server.follow(["c"], from: .oldest)
      let follower = Task {
        var items = 0
        for try await _ in sequence { items += 1 }
        return items
      }
      let attached = try await Deadline().holds {
        try running.metrics()[#"fanfare_attachments_total{verdict="resumed"}"#] == 1
      }
      #expect(attached)
      await running.server.stop()
      #expect(try await follower.value == 1)
      // It was made while the server ran, and finds it stopped.
      var late = sequence.makeAsyncIterator()
      #expect(try await late.next() == nil)
    }
  }
}
