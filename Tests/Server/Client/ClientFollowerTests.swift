import FanfareActors
import FanfareRuntime
import Testing

@testable import FanfareServer

@Suite(.timeLimit(.minutes(10)))
struct ClientFollowerTests {
  private static let attached =
    #"event: fanfare.attached\#ndata: {"channels":[{"channel":"a","verdict":"resumed","#
    + #""replayed":2,"position":"0.x"}]}\#n\#nid: 0.x\#n\#n"#

  private static func event(_ number: Int) -> String {
    "id: \(number).x\nevent: n\ndata: " + #"{"channel":"a","position":"\#(number).x","type":"n","#
      + #""data":\#(number),"time":"2026-01-01T00:00:00.000Z"}"# + "\n\n"
  }

  private static func follower(
    _ server: ScriptedServer, idle: Duration = .seconds(45), from start: FollowStart = .live
  ) throws -> ClientFollower {
    var limits = ClientLimits()
    limits.idleTimeout = idle
    let channels = [try #require(ChannelName("a")), try #require(ChannelName("b+c"))]
    return ClientFollower(
      server.url, FollowerRequest(channels, from: start), on: server.loop, limits: limits)
  }

  /// What comes until so many of its items match, without the text of errors.
  private static func news(
    _ follower: ClientFollower, until isLast: (FollowerNews) -> Bool
  ) async throws -> [FollowerNews] {
    var all: [FollowerNews] = []
    while let news = try await follower.next() {
      all += news
      if news.contains(where: isLast) { break }
    }
    return all
  }

  @Test func resumesAfterTheLastEventThatCame() async throws {
    let server = try await ScriptedServer([
      .endedStream("retry: 1\n\n" + Self.attached + Self.event(1) + Self.event(2) + "id: 9.x\nda"),
      .stream(Self.attached + Self.event(3)),
    ])
    let follower = try Self.follower(server, from: .oldest)
    let news = try await Self.news(follower) { item in
      if case .event(let event) = item { event.position == "3.x" } else { false }
    }
    let positions = news.compactMap { item -> String? in
      if case .event(let event) = item { event.position } else { nil }
    }
    #expect(positions == ["1.x", "2.x", "3.x"])
    #expect(news.contains(.cursor("0.x")))
    let requests = await server.requests()
    #expect(
      requests.map(\.head.target.query) == [
        "channels=a,b%2Bc&format=event&after=oldest", "channels=a,b%2Bc&format=event",
      ])
    #expect(requests.map { $0.head.first("last-event-id") } == [nil, "2.x"])
    #expect(await follower.cursor == "3.x")
    await follower.close()
    await server.stop()
  }

  @Test func readsAStreamThatAProxyCutIntoChunks() async throws {
    let text = Array((Self.attached + Self.event(1)).utf8)
    var body = ""
    for start in stride(from: 0, to: text.count, by: 7) {
      let piece = text[start..<min(start + 7, text.count)]
      body +=
        "\(String(piece.count, radix: 16))\r\n" + String(decoding: piece, as: UTF8.self) + "\r\n"
    }
    let server = try await ScriptedServer([
      .send(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
          + "Transfer-Encoding: chunked\r\n\r\n" + body)
    ])
    let follower = try Self.follower(server)
    let news = try await Self.news(follower) { if case .event = $0 { true } else { false } }
    guard case .attached(let channels) = news.first else {
      Issue.record("\(news)")
      return
    }
    #expect(channels.map(\.verdict) == ["resumed"])
    #expect(channels.map(\.replayed) == [2])
    await follower.close()
    await server.stop()
  }

  @Test func tellsControlMessagesAndPassesOverUnknownOnes() async throws {
    let gap = #"{"channel":"a","from":"2.x","to":"5.x","missed":4,"position":"5.x"}"#
    let server = try await ScriptedServer([
      .stream(
        ": hello\n\nevent: fanfare.later\ndata: {}\n\nevent: fanfare.gap\ndata: \(gap)\n\n"
          + "id: 5.x\n\nevent: fanfare.degraded\ndata: {}\n\nevent: fanfare.restored\ndata: {}\n\n"
          + "event: fanfare.bye\ndata: {\"reason\":\"shutdown\",\"retry\":5}\n\n")
    ])
    let follower = try Self.follower(server)
    let news = try await Self.news(follower) { if case .bye = $0 { true } else { false } }
    let missed = JSONFields(Array(gap.utf8)).flatMap(MissedEvents.init)
    #expect(missed?.count == 4)
    #expect(
      news == [
        .gap(try #require(missed)), .cursor("5.x"), .degraded, .restored, .bye(reason: "shutdown"),
      ])
    await follower.close()
    await server.stop()
  }

  @Test func takesASilentStreamForDead() async throws {
    let server = try await ScriptedServer([.stream(": hello\n\n"), .stream(Self.attached)])
    let follower = try Self.follower(server, idle: .milliseconds(200))
    let news = try await Self.news(follower) { if case .attached = $0 { true } else { false } }
    guard case .apart(let error, _) = news.first else {
      Issue.record("\(news)")
      return
    }
    #expect(error == .lost("nothing came for 0.2 s"))
    await follower.close()
    await server.stop()
  }

  @Test func endsWhenThereIsNothingMoreToFollow() async throws {
    let server = try await ScriptedServer([.send("HTTP/1.1 204 No Content\r\n\r\n")])
    let follower = try Self.follower(server)
    #expect(try await follower.next() == [.over])
    #expect(try await follower.next() == nil)
    await server.stop()
  }

  @Test(arguments: [
    ScriptedServer.Reply.send("SSH-2.0-OpenSSH_9.2\r\n"), .json(200, "{}"),
    .stream("event: n\ndata: {}\n\n"), .stream("event: fanfare.attached\ndata: {}\n\n"),
    .stream("event: fanfare.attached\ndata: {\"channels\":[{}]}\n\n"),
  ])
  func doesNotTakeOtherServersForFanfare(reply: ScriptedServer.Reply) async throws {
    let server = try await ScriptedServer([reply])
    let follower = try Self.follower(server)
    do {
      let news = try await follower.next()
      Issue.record("\(String(describing: news))")
    } catch {
      guard case .notUnderstood = error else {
        Issue.record("\(error)")
        return
      }
      #expect(try await follower.next() == nil)
    }
    await server.stop()
  }

  @Test func aFinalRefusalEndsIt() async throws {
    let server = try await ScriptedServer([.json(403, #"{"title":"Forbidden"}"#)])
    let follower = try Self.follower(server)
    await #expect(throws: ClientError.self) { try await follower.next() }
    #expect(try await follower.next() == nil)
    await server.stop()
  }

  /// However it waits: for an answer, for an event, or to try again.
  @Test(arguments: [
    [ScriptedServer.Reply.silence], [.stream(Self.attached)],
    [.json(503, "{}", "Retry-After: 200\r\n")],
  ])
  func closingItEndsAWait(replies: [ScriptedServer.Reply]) async throws {
    let server = try await ScriptedServer(replies)
    let follower = try Self.follower(server)
    let reader = Task {
      while try await follower.next() != nil {}
    }
    while await server.requests().isEmpty { await Task.yield() }
    await follower.close()
    try await reader.value
    await server.stop()
  }
}
