import FanfareActors
import FanfareRuntime
import Testing

@testable import FanfareServer

@Suite(.timeLimit(.minutes(10)))
struct ClientPublisherTests {
  private static func batch(_ count: Int) throws -> EventBatch {
    var batch = EventBatch()
    for number in 1...count {
      let line = #"{"channel":"a","type":"n","data":\#(number)}"#
      _ = batch.append(try EventLine(Array(line.utf8), number: number, channel: nil))
    }
    return batch
  }

  @Test func sendsTheSameRequestAgainAfterALoss() async throws {
    let server = try await ScriptedServer([
      .hangUp, .json(503, #"{"type":"/problems/not-published","detail":"Later."}"#),
      .json(200, #"{"positions":["1.x","2.x"]}"#),
    ])
    let retries = Locked<[String]>([])
    let publisher = ClientPublisher(server.url, on: server.loop) { error, _ in
      retries.withLock { $0.append("\(error)") }
    }
    #expect(try await publisher.publish(try Self.batch(2)) == ["1.x", "2.x"])
    let requests = await server.requests()
    #expect(requests.count == 3)
    #expect(Set(requests.map(\.bytes)).count == 1)
    #expect(requests.first?.head.target.path == "/base/events")
    #expect(requests.first?.head.first("idempotency-key")?.isEmpty == false)
    #expect(
      retries.withLock { $0 } == [
        "the connection was lost: the server ended it without an answer",
        "the server refused (503): Later.",
      ])
    await publisher.close()
    await server.stop()
  }

  @Test func keepsTheConnectionAndChangesTheKey() async throws {
    let server = try await ScriptedServer([
      .json(201, #"{"position":"1.x"}"#), .json(201, #"{"position":"2.x"}"#),
      .sendAndClose("HTTP/1.0 201 X\r\n\r\n{\"position\":\"3.x\"}"),
      .json(201, #"{"position":"4.x"}"#),
    ])
    let publisher = ClientPublisher(server.url, on: server.loop)
    let channel = try #require(ChannelName("a+b:1"))
    for number in 1...4 {
      let position = try await publisher.publish(.agentStarted, Array("1".utf8), to: channel)
      #expect(position == "\(number).x")
    }
    let requests = await server.requests()
    #expect(requests.map(\.connection) == [0, 0, 0, 1])
    #expect(Set(requests.map { $0.head.first("idempotency-key") }).count == 4)
    #expect(requests.first?.head.target.segments == ["base", "channels", "a+b:1", "events"])
    await publisher.close()
    await server.stop()
  }

  @Test func waitsAtLeastAsLongAsTold() async throws {
    let server = try await ScriptedServer([
      .json(503, "{}", "Retry-After: 1\r\n"), .json(201, #"{"position":"1.x"}"#),
    ])
    let delays = Locked<[Duration]>([])
    let publisher = ClientPublisher(server.url, on: server.loop) { _, delay in
      delays.withLock { $0.append(delay) }
    }
    let channel = try #require(ChannelName("a"))
    let begin = ContinuousClock.now
    _ = try await publisher.publish(.agentStarted, Array("1".utf8), to: channel)
    #expect(ContinuousClock.now - begin >= .seconds(1))
    #expect(delays.withLock { $0 } == [.seconds(1)])
    await publisher.close()
    await server.stop()
  }

  @Test(arguments: [
    ScriptedServer.Reply.send("SSH-2.0-OpenSSH_9.2\r\n"), .json(200, "[]"), .json(200, "{}"),
    .json(200, #"{"positions":["1.x"]}"#), .json(200, String(repeating: "x", count: 2_000_000)),
    .send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
    .send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"),
  ])
  func doesNotTakeOtherServersForFanfare(reply: ScriptedServer.Reply) async throws {
    let server = try await ScriptedServer([reply])
    let publisher = ClientPublisher(server.url, on: server.loop)
    let batch = try Self.batch(2)
    do {
      _ = try await publisher.publish(batch)
      Issue.record("taken")
    } catch {
      guard case .notUnderstood = error else {
        Issue.record("\(error)")
        return
      }
    }
    await publisher.close()
    await server.stop()
  }

  @Test func tellsWhatTheServerRefuses() async throws {
    let body =
      #"{"type":"/problems/bad-event","detail":"Line 2: Give the event a \u001b[31mtype."}"#
    let server = try await ScriptedServer([.json(422, body)])
    let publisher = ClientPublisher(server.url, on: server.loop)
    let batch = try Self.batch(2)
    do {
      _ = try await publisher.publish(batch)
      Issue.record("taken")
    } catch {
      guard case .refused(let refusal) = error else {
        Issue.record("\(error)")
        return
      }
      #expect(refusal.status == 422)
      #expect(refusal.kind == "bad-event")
      #expect(refusal.line == 2)
      #expect(refusal.detail == #"Give the event a \u{1B}[31mtype."#)
    }
    await publisher.close()
    await server.stop()
  }

  @Test func givesUpOnASilentServer() async throws {
    let server = try await ScriptedServer([.silence])
    var limits = ClientLimits()
    limits.answerTimeout = .milliseconds(200)
    limits.retryTime = .zero
    let publisher = ClientPublisher(server.url, on: server.loop, limits: limits)
    await #expect(throws: ClientError.lost("nothing came for 0.2 s")) {
      try await publisher.publish(try Self.batch(1))
    }
    await publisher.close()
    await server.stop()
  }
}
