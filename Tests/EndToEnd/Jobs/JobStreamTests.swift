import FanfareRuntime
import FanfareServer
import FanfareTestKit
import Testing

/// A job's own events, as those see them who follow it.
@Suite struct JobStreamTests {
  private static func types(_ blocks: [SSEBlock]) -> [String] { blocks.map { $0.event ?? "" } }

  @Test func aStreamTellsTheWholeJobAndEndsWithIt() async throws {
    try await ServerUnderTest.runWithJobs { server in
      let id = try server.enqueue(#"{"task":"t","args":1}"#)
      let stream = try server.stream("/jobs/\(id)/events")
      let snapshot = try stream.block { $0.event != nil }
      #expect(snapshot.event == "snapshot" && snapshot.id == nil)
      #expect(try JSONTree(snapshot.data ?? "")["id"]?.text == id)
      let attached: AttachedBody = try stream.block { $0.event == "fanfare.attached" }.json()
      #expect(attached.channels.first?.verdict == "resumed")
      #expect(attached.channels.first?.replayed == 1)
      let job = try server.leaseOne()
      #expect(try Self.types(stream.events(2)) == ["job_queued", "job_started"])
      #expect(try server.report(job, "progress", #""current":1,"total":4"#).status == 200)
      let progress = try stream.events(1)[0]
      #expect(progress.event == "job_progress")
      #expect(try JSONTree(progress.data ?? "")["total"]?.number == 4)
      let before = try #require(stream.cursor)
      #expect(try server.report(job, "succeed", #""result":"done""#).status == 200)
      let last = try stream.events(1)[0]
      #expect(last.event == "job_succeeded")
      #expect(try JSONTree(last.data ?? "")["result"]?.text == "done")
      let bye: ByeBody = try stream.block { $0.event == "fanfare.bye" }.json()
      #expect(bye.reason == "over")
      #expect(try stream.next() == nil)
      let cursor = try #require(stream.cursor)
      #expect(cursor.hasPrefix("4."))
      // Who has all of it is told so in peace; who lacks the end is given that.
      let over = try server.ask(
        "GET", "/jobs/\(id)/events", ["Accept: text/event-stream", "Last-Event-ID: \(cursor)"])
      #expect(over.status == 204)
      let rest = try server.stream("/jobs/\(id)/events", ["Last-Event-ID: \(before)"])
      _ = try rest.attached()
      #expect(try Self.types(rest.events(1)) == ["job_succeeded"])
      #expect(try rest.block().event == "fanfare.bye")
      #expect(try rest.next() == nil)
      // Who comes late gets all, and the end.
      let late = try server.stream("/jobs/\(id)/events?types=job_queued,job_dead")
      #expect(try late.block { $0.isEvent }.event == "job_queued")
      #expect(try late.block { $0.event == "fanfare.bye" }.data?.contains("over") == true)
      #expect(late.cursor == cursor)
    }
  }

  @Test func aRetriedJobGoesOn() async throws {
    try await ServerUnderTest.runWithJobs { server in
      let id = try server.enqueue(#"{"task":"t"}"#)
      #expect(try server.ask("DELETE", "/jobs/\(id)").status == 202)
      #expect(try server.ask("POST", "/jobs/\(id)/retry").status == 200)
      let stream = try server.stream("/jobs/\(id)/events")
      let types = try Self.types(
        (0..<3).map { _ in try stream.block { $0.id != nil && $0.isEvent } })
      #expect(types == ["job_queued", "job_cancelled", "job_queued"])
      let job = try server.leaseOne()
      #expect(try server.report(job, "succeed").status == 200)
      #expect(try Self.types(stream.events(2)) == ["job_started", "job_succeeded"])
      #expect(try stream.block().event == "fanfare.bye")
    }
  }

  @Test func unknownJobsHaveNoEvents() async throws {
    try await ServerUnderTest.runWithJobs { server in
      let target = "/jobs/zzzz/events"
      let unknown = try server.ask("GET", target, ["Accept: text/event-stream"])
      #expect(unknown.status == 404)
      #expect(
        try server.ask(
          "GET", target, ["Accept: text/event-stream", "Last-Event-ID: 4.jobxx"]
        ).status == 204)
      #expect(try server.ask("GET", target, ["Accept: application/json"]).status == 404)
    }
  }

  @Test func eventsAreReadAsJSONToo() async throws {
    try await ServerUnderTest.runWithJobs { server in
      let id = try server.enqueue(#"{"task":"t"}"#)
      let first = try server.read("/jobs/\(id)/events")
      #expect(first.events.map(\.type) == ["job_queued"])
      #expect(first.events.map(\.channel) == ["job:\(id)"])
      // A poll waits for the next one.
      let connection = try server.connect()
      try connection.request(
        "GET", "/jobs/\(id)/events?wait=30&after=\(first.cursor)", ["Accept: application/json"])
      #expect(try server.ask("DELETE", "/jobs/\(id)").status == 202)
      let next = try connection.answer().events
      #expect(next.events.map(\.type) == ["job_cancelled"])
      // After the end there is nothing to wait for.
      let end = try server.read("/jobs/\(id)/events?wait=30&after=\(next.cursor)")
      #expect(end.events.isEmpty && end.cursor == next.cursor)
    }
  }

  @Test func jobsAreChannelsEverywhere() async throws {
    try await ServerUnderTest.runWithJobs { server in
      let id = try server.enqueue(#"{"task":"t"}"#)
      let socket = try server.webSocket()
      let subscribed = try socket.ask(
        #"{"op":"subscribe","id":1,"channel":"job:\#(id)","after":"-"}"#, id: 1)
      #expect(subscribed.op == "subscribed")
      let both = try server.stream("/events?channels=project:1,job:\(id)&last=10")
      _ = try both.attached()
      let job = try server.leaseOne()
      #expect(try server.report(job, "succeed").status == 200)
      #expect(try socket.events(2).map(\.type) == ["job_started", "job_succeeded"])
      #expect(
        try Self.types(both.events(3)) == ["job_queued", "job_started", "job_succeeded"])
      let refused = try server.connect().publish("/channels/job:\(id)/events", "x", "1")
      #expect(refused.status == 403)
      await #expect(throws: ServerError.self) {
        try await server.server.publish(.agentError, "1", to: "job:\(id)")
      }
    }
  }

  /// Some go before, the others all in one turn.
  @Test func allStreamsOfAJobEndWithIt() async throws {
    try await ServerUnderTest.runWithJobs { server in
      let id = try server.enqueue(#"{"task":"t"}"#)
      var streams = try (0..<60).map { _ in try server.stream("/jobs/\(id)/events?last=0") }
      for stream in streams { _ = try stream.block { $0.event == "fanfare.attached" } }
      for index in stride(from: 57, through: 0, by: -3) { streams.remove(at: index) }
      #expect(
        try await Deadline().holds {
          try server.metrics()[#"fanfare_connections{transport="sse"}"#] == 40
        })
      #expect(try server.ask("DELETE", "/jobs/\(id)").status == 202)
      for stream in streams {
        #expect(try stream.events(1)[0].event == "job_cancelled")
        #expect(try stream.block().event == "fanfare.bye")
        #expect(try stream.next() == nil)
      }
      #expect(try await server.isIdle())
    }
  }

  /// Many streams of many jobs, attached before, amid and after: each has its job's events whole.
  @Test func everyStreamIsWhole() async throws {
    try await ServerUnderTest.runWithJobs { server in
      let ids = try (0..<12).map { try server.enqueue(#"{"task":"t","args":\#($0)}"#) }
      var streams = try ids.map { try server.stream("/jobs/\($0)/events") }
      var jobs: [LeasedBody] = []
      for worker in 1...3 { jobs += try server.lease("w\(worker)", max: 4) }
      #expect(jobs.map(\.id).sorted() == ids.sorted())
      streams += try ids.map { try server.stream("/jobs/\($0)/events") }
      for job in jobs {
        #expect(try server.report(job, "checkpoint", #""data":1"#).status == 200)
        #expect(try server.report(job, "succeed").status == 200)
      }
      streams += try ids.map { try server.stream("/jobs/\($0)/events") }
      for stream in streams {
        var types: [String] = []
        while let block = try stream.next(), block.event != "fanfare.bye" {
          if block.isEvent, block.id != nil { types.append(block.event ?? "") }
        }
        #expect(types == ["job_queued", "job_started", "job_checkpoint", "job_succeeded"])
      }
      #expect(try await server.isIdle())
    }
  }
}
