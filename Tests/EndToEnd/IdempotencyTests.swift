import FanfareRuntime
import FanfareServer
import FanfareTestKit
import Testing

/// `Idempotency-Key`: a repeated publish is harmless.
@Suite struct IdempotencyTests {
  private static let key = ["Idempotency-Key: k-1"]

  @Test func theSameKeyAnswersTheFirstPositionAgain() async throws {
    try await ServerUnderTest.run { server in
      let client = try server.connect()
      let first = try client.publish("/channels/c/events", "t", "1", Self.key)
      let again = try server.connect().publish("/channels/c/events", "t", "1", Self.key)
      #expect(first.status == 201 && again.status == 201)
      #expect(first.text == again.text)
      let other = try client.publish("/channels/c/events", "t", "2", Self.key)
      #expect(other.status == 422)
      #expect(try other.problem.type.hasSuffix("key-reused"))
      #expect(try client.publish("/channels/c/events", "u", "1", Self.key).status == 422)
      // Another channel, or another key, is another publish.
      #expect(try client.publish("/channels/d/events", "t", "2", Self.key).status == 201)
      let second = try client.publish("/channels/c/events", "t", "1", ["Idempotency-Key: k-2"])
      #expect(try second.json(PublishedBody.self).position?.offset == 2)
      #expect(try server.read("/channels/c/events?after=oldest").positions.count == 2)
    }
  }

  @Test func linesUnderOneKeyAreOnePublish() async throws {
    try await ServerUnderTest.run { server in
      let lines = (0..<40).map { #"{"channel":"c\#($0 % 4)","type":"t","data":\#($0)}"# }
      let client = try server.connect()
      let first = try client.publish(lines: lines, "/events", Self.key)
      let again = try client.publish(lines: lines, "/events", Self.key)
      #expect(first.status == 200)
      #expect(first.text == again.text)
      #expect(try server.read("/events?channels=c0,c1,c2,c3&after=oldest").events.count == 40)
    }
  }

  @Test func manyAtOncePublishOnce() async throws {
    try await ServerUnderTest.run { server in
      let clients = try (0..<24).map { _ in try server.connect() }
      let lines = (0..<300).map { #"{"type":"t","data":\#($0)}"# }.joined(separator: "\n")
      let fields = ["Content-Type: application/x-ndjson"] + Self.key
      // A follower, so that the publish is paced and the others find it in flight.
      let stream = try server.stream("/channels/c/events")
      _ = try stream.attached()
      for client in clients {
        try client.request("POST", "/channels/c/events", fields, body: lines)
      }
      let answers = try clients.map { try $0.answer() }
      #expect(answers.map(\.status) == Array(repeating: 200, count: 24))
      #expect(Set(answers.map(\.text)).count == 1)
      #expect(try server.read("/channels/c/events?after=oldest&limit=1000").events.count == 300)
    }
  }

  @Test func aKeyIsForgottenAfterItsTime() async throws {
    try await ServerUnderTest.run({ $0.limits.idempotencyTTL = .milliseconds(100) }) { server in
      let client = try server.connect()
      #expect(try client.publish("/channels/c/events", "t", "1", Self.key).status == 201)
      let forgotten = try await Deadline().holds {
        try client.publish("/channels/c/events", "t", "2", Self.key).status == 201
      }
      #expect(forgotten)
    }
  }

  @Test func aBadKeyIsRefused() async throws {
    try await ServerUnderTest.run { server in
      let long = "Idempotency-Key: " + String(repeating: "k", count: 256)
      for fields in [[long], ["Idempotency-Key:"], Self.key + ["Idempotency-Key: k-2"]] {
        let answer = try server.connect().publish("/channels/c/events", "t", "1", fields)
        #expect(answer.status == 400)
      }
    }
  }

  @Test func aRefusedPublishUsesNoKey() async throws {
    try await ServerUnderTest.run({ $0.limits.idempotencyKeysMax = 2 }) { server in
      let client = try server.connect()
      #expect(try client.publish("/channels/c/events", "t", "{", Self.key).status == 400)
      #expect(try client.publish("/channels/c/events", "t", "1", Self.key).status == 201)
      #expect(try client.publish("/channels/d/events", "t", "1", Self.key).status == 201)
      let full = try client.publish("/channels/e/events", "t", "1", Self.key)
      #expect(full.status == 503)
      #expect(full["retry-after"] != nil)
      #expect(try full.problem.type.hasSuffix("not-published"))
      #expect(try client.publish("/channels/c/events", "t", "1", Self.key).status == 201)
      #expect(try server.read("/channels/c/events?after=oldest").events.count == 1)
    }
  }
}
