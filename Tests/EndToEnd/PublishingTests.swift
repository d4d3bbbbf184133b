import FanfareRuntime
import FanfareServer
import FanfareTestKit
import Testing

/// Publishing as a client sees it: what is stored, and what is answered.
@Suite struct PublishingTests {
  @Test func oneEventIsAnsweredWithItsPosition() async throws {
    try await ServerUnderTest.run { server in
      let client = try server.connect()
      for offset in 1...3 {
        let answer = try client.publish("/channels/project:1/events", "a_b.c-1", "\(offset)")
        #expect(answer.status == 201)
        #expect(answer["content-type"] == "application/json")
        #expect(answer["connection"] == nil)
        let position: PublishedBody = try answer.json()
        #expect(position.position?.offset == offset)
      }
      let read = try server.read("/projects/1/events?after=oldest")
      #expect(read.positions.map(\.offset) == [1, 2, 3])
      #expect(read.events.allSatisfy { $0.channel == "project:1" && $0.type == "a_b.c-1" })
      #expect(read.events.map(\.time) == read.events.map(\.time).sorted())
    }
  }

  @Test func linesAreAnsweredWithPositionsInOrder() async throws {
    try await ServerUnderTest.run { server in
      let lines = (1...1_000).map { #"{"type":"t","data":\#($0)}"# }
      let answer = try server.connect().publish(lines: lines, "/channels/c/events")
      #expect(answer.status == 200)
      let positions: PublishedBody = try answer.json()
      #expect(positions.positions?.map { $0?.offset } == (1...1_000).map { $0 })
      let read = try server.ask("GET", "/channels/c/events?after=oldest&limit=1000")
      #expect(read.eventData == (1...1_000).map { "\($0)" })
    }
  }

  @Test func linesMayEndWithoutLFAndInCRLFAndBlankOnesAreNone() async throws {
    try await ServerUnderTest.run { server in
      let body = "\r\n{\"type\":\"t\",\"data\":1}\r\n\n  \n{\"type\":\"t\",\"data\":2}"
      let client = try server.connect()
      let answer = try client.ask(
        "POST", "/channels/c/events", ["Content-Type: application/x-ndjson"], body: body)
      #expect(answer.status == 200, "\(answer.text)")
      #expect(try answer.json(PublishedBody.self).positions?.count == 2)
    }
  }

  @Test func aBadLineRefusesTheWholeRequestWithItsNumber() async throws {
    try await ServerUnderTest.run { server in
      let good = #"{"type":"t","data":1}"#
      let bad = [
        ("{", 400), (#"{"type":"t"}"#, 422), (#"{"type":"open","data":1}"#, 422),
        (#"{"type":"t","data":01}"#, 400), (#"{"type":"t","data":1}{}"#, 400), ("[]", 422),
        (#"{"type":"t","data":1,"data":2}"#, 422),
        (#"{"channel":"other","type":"t","data":1}"#, 422),
      ]
      let client = try server.connect()
      for (line, status) in bad {
        let answer = try client.publish(lines: [good, "", line, good], "/channels/c/events")
        #expect(answer.status == status, "\(line): \(answer.text)")
        #expect(try answer.problem.detail.hasPrefix("Line 3: "), "\(answer.text)")
      }
      #expect(try server.read("/channels/c/events?after=oldest").events.isEmpty)
    }
  }

  @Test(arguments: [
    ("{\"type\":\"\",\"data\":1}", "type"), (#"{"type":"a b","data":1}"#, "type"),
    (#"{"type":"fanfare.gap","data":1}"#, "type"), (#"{"type":"error","data":1}"#, "type"),
    (#"{"type":7,"data":1}"#, "type"), (#"{"data":1}"#, "type"), (#"{"type":"t"}"#, "data"),
    (#"{"type":"t","data":1,"id":3}"#, "id"),
    (#"{"type":"t","data":1,"channel":"a b"}"#, "channel"),
    (#"{"type":"t","data":1,"channel":"d"}"#, "channel"), ("3", "object"),
  ])
  func aRuleThatIsBrokenIs422(body: String, mentions: String) async throws {
    try await ServerUnderTest.run { server in
      let answer = try server.ask(
        "POST", "/channels/c/events", ["Content-Type: application/json"], body: body)
      #expect(answer.status == 422)
      #expect(answer["content-type"] == "application/problem+json")
      let problem = try answer.problem
      #expect(problem.status == 422)
      #expect(problem.title == "Unprocessable Content")
      #expect(problem.detail.contains(mentions), "\(problem.detail)")
    }
  }

  @Test func malformedJSONIs400() async throws {
    try await ServerUnderTest.run { server in
      let client = try server.connect()
      for body in ["", "{", #"{"type":"t","data":}"#, #"{"type":"t","data":"\#u{1}"}"#, "nul"] {
        let answer = try client.ask(
          "POST", "/channels/c/events", ["Content-Type: application/json"], body: body)
        #expect(answer.status == 400, "\(body): \(answer.text)")
      }
      #expect(try client.publish("/channels/c/events", "t", "1").status == 201)
    }
  }

  @Test func dataIsCarriedByteForByte() async throws {
    try await ServerUnderTest.run { server in
      let texts = [
        "null", "-0", "1E+400", "123456789012345678901234567890.5e-7", #""\u00e9\ud83d\ude00é😀""#,
        "{\n  \"a\" : [ 1,\t2 ],\r\n  \"b\": {}\n}", #"{"a":1,"a":2}"#, #""\/\b\f\n\r\t""#,
        "\"\u{2028}\u{85}\u{FEFF}\"", "[[[[]]]]", "\"\"", "\"\u{7F}\"",
      ]
      let stream = try server.stream("/channels/c/events")
      _ = try stream.attached()
      let client = try server.connect()
      for text in texts {
        #expect(try client.publish("/channels/c/events", "t", text).status == 201, "\(text)")
      }
      let read = try server.ask("GET", "/channels/c/events?after=oldest")
      #expect(read.eventData == texts)
      let streamed = try stream.events(texts.count).map { $0.data ?? "" }
      #expect(streamed == texts.map { $0.components(of: "\r\n").joined(separator: "\n") })
    }
  }

  @Test func severalChannelsAreStoredEachInOrder() async throws {
    try await ServerUnderTest.run { server in
      let lines = (0..<30).map { #"{"channel":"c\#($0 % 3)","type":"t","data":\#($0)}"# }
      let answer = try server.connect().publish(lines: lines, "/events")
      #expect(answer.status == 200)
      let positions: PublishedBody = try answer.json()
      #expect(positions.positions?.map { $0?.offset } == (0..<30).map { $0 / 3 + 1 })
      let read = try server.ask("GET", "/channels/c1/events?after=oldest")
      #expect(read.eventData == stride(from: 1, to: 30, by: 3).map { "\($0)" })
      let single = try server.ask(
        "POST", "/events", ["Content-Type: application/json"],
        body: #"{"channel":"c1","type":"t","data":0}"#)
      #expect(single.status == 201)
      let nameless = try server.connect().publish("/events", "t", "1")
      #expect(nameless.status == 422)
    }
  }

  @Test func theServersOwnNamespacesAreRefused() async throws {
    try await ServerUnderTest.run { server in
      let client = try server.connect()
      for channel in ["fanfare:x", "job:1", "job"] {
        let answer = try client.publish("/channels/\(channel)/events", "t", "1")
        #expect(answer.status == 403, "\(channel)")
      }
      let lines = [
        #"{"channel":"a","type":"t","data":1}"#, #"{"channel":"job:9","type":"t","data":1}"#,
      ]
      #expect(try client.publish(lines: lines, "/events").status == 403)
      #expect(try server.read("/channels/a/events?after=oldest").events.isEmpty)
      #expect(try client.publish("/channels/jobs:1/events", "t", "1").status == 201)
    }
  }

  @Test(arguments: [
    ("text/plain", 415), ("application/x-www-form-urlencoded", 415),
    ("multipart/form-data", 415), ("application/jsonx", 415), ("", 415),
    ("application/json; charset=utf-8", 201), ("Application/JSON", 201),
  ])
  func onlyJSONIsTaken(type: String, status: Int) async throws {
    try await ServerUnderTest.run { server in
      let fields = type.isEmpty ? [] : ["Content-Type: \(type)"]
      let answer = try server.ask(
        "POST", "/channels/c/events", fields, body: #"{"type":"t","data":1}"#)
      #expect(answer.status == status)
    }
  }

  @Test func whatIsTooLargeIs413() async throws {
    try await ServerUnderTest.run({
      $0.limits.eventDataBytesMax = 1_024
      $0.limits.publishBodyBytesMax = 8_192
      $0.limits.publishLinesMax = 3
    }) { server in
      let fits = "\"" + String(repeating: "x", count: 1_022) + "\""
      let client = try server.connect()
      #expect(try client.publish("/channels/c/events", "t", fits).status == 201)
      #expect(try client.publish("/channels/c/events", "t", fits + " ").status == 201)
      let large = try client.publish("/channels/c/events", "t", "\"x" + fits.dropFirst())
      #expect(large.status == 413)
      #expect(try large.problem.type.hasSuffix("event-too-large"))
      let line = #"{"type":"t","data":1}"#
      let lines = try client.publish(lines: [line, line, line, line], "/channels/c/events")
      #expect(lines.status == 413)
      #expect(try lines.problem.type.hasSuffix("too-many-lines"))
      // Refused by its announced length, before the body is read.
      try client.send(
        "POST /channels/c/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
          + "Content-Length: 8193\r\n\r\n")
      #expect(try client.answer().status == 413)
      #expect(try client.isClosedSilently())
      // And by its true length where none was announced.
      let chunked = try server.connect()
      try chunked.send(
        "POST /channels/c/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
          + "Transfer-Encoding: chunked\r\n\r\n2001\r\n" + String(repeating: " ", count: 8_193))
      #expect(try chunked.answer().status == 413)
      #expect(try chunked.isClosedSilently())
      #expect(try server.read("/channels/c/events?after=oldest").events.count == 2)
    }
  }
}
