import FanfareActors
import FanfareRuntime
import FanfareServer
import FanfareTestKit
import Testing

/// What jobs publish into channels.
@Suite struct JobOutboxTests {
  private static let channel = "project:7"

  @Test func theChannelHearsOfTheJobInOrder() async throws {
    try await ServerUnderTest.runWithJobs { server in
      let stream = try server.stream("/projects/7/events")
      _ = try stream.attached()
      let id = try server.enqueue(
        #"{"task":"t","channel":"project:7","events":{"progress":"agent_progress"}}"#)
      let job = try server.leaseOne()
      #expect(try server.report(job, "progress", #""current":1"#).status == 200)
      #expect(try server.report(job, "succeed").status == 200)
      let events = try stream.events(4)
      #expect(
        events.map(\.event) == ["job_queued", "job_started", "agent_progress", "job_succeeded"])
      for event in events { #expect(try JSONTree(event.data ?? "")["job"]?.text == id) }
      #expect(try await server.counts("fanfare_outbox_backlog", 0))
      #expect(try await server.counts("fanfare_outbox_published_total", 4))
    }
  }

  /// Each entry once and in order, although the backplane is away, loses answers, and the server is
  /// started anew meanwhile.
  @Test func eachEventIsPublishedOnceThroughTroubles() async throws {
    try await ServerUnderTest.withJobsDirectory { directory in
      let backplane = ScriptedBackplane()
      let name = try #require(ChannelName(Self.channel))
      var ids: [String] = []
      for round in 0..<3 {
        try await ServerUnderTest.run({ $0.keepJobs(in: directory) }, over: backplane) { server in
          // What the round before has left comes first.
          #expect(
            await Deadline().holds { backplane.data(of: name).count >= 40 * round })
          backplane.losesAnswers(after: 5)
          let lines = (0..<40).map { #"{"task":"t\#($0)","channel":"\#(Self.channel)"}"# }
          let answer = try server.connect().publish(lines: lines, "/queues/git_queue/jobs")
          ids += try answer.tree["jobs"]?.list.compactMap { $0["id"]?.text } ?? []
          #expect(
            await Deadline().holds { backplane.data(of: name).count >= 40 * round + 5 })
          if round == 1 { backplane.becomes(.failing(.unavailable)) }
        }
        backplane.losesAnswers(after: nil)
        backplane.becomes(.answering)
      }
      try await ServerUnderTest.run({ $0.keepJobs(in: directory) }, over: backplane) { server in
        #expect(await Deadline().holds { backplane.data(of: name).count >= 120 })
        #expect(try await server.counts("fanfare_outbox_backlog", 0))
        let published = try backplane.data(of: name).map { try JSONTree($0)["job"]?.text ?? "" }
        #expect(published == ids)
      }
    }
  }

  @Test func aChannelThatIsAwayIsWaitedFor() async throws {
    let backplane = ScriptedBackplane()
    let name = try #require(ChannelName(Self.channel))
    try await ServerUnderTest.runWithJobs(over: backplane) { server in
      backplane.becomes(.failing(.unavailable))
      _ = try server.enqueue(#"{"task":"t","channel":"project:7"}"#)
      #expect(
        await Deadline().holds {
          server.log.lines.contains { $0.contains("events of jobs wait for the backplane") }
        })
      #expect(try await server.counts("fanfare_outbox_backlog", 1))
      backplane.becomes(.answering)
      #expect(await Deadline().holds { backplane.data(of: name).count == 1 })
      #expect(try await server.counts("fanfare_outbox_backlog", 0))
    }
  }

  @Test func workflowsTellHowFarTheyAre() async throws {
    try await ServerUnderTest.runWithJobs { server in
      let steps = ["analyze", "design"].map { #"{"queue":"agent_queue","task":"\#($0)"}"# }
      let made = try server.post(
        "/workflows", #"{"steps":[\#(steps.joined(separator: ","))],"channel":"project:7"}"#)
      #expect(made.status == 201)
      let id = try #require(made.tree["id"]?.text)
      let socket = try server.webSocket("/api/workflows/\(id)/updates")
      let first = try server.leaseOne()
      #expect(first.task == "analyze" && first.input == nil)
      #expect(
        try server.report(first, "succeed", #""result":{"n":1},"usage":{"tokens":5}"#).status
          == 200)
      let second = try server.leaseOne()
      #expect(second.task == "design" && second.input == .object(["n": .number(1)]))
      let end = #""result":2,"usage":{"tokens":7,"cost":0.25,"duration":1.5}"#
      #expect(try server.report(second, "succeed", end).status == 200)
      let seen = try server.ask("GET", "/workflows/\(id)").tree
      #expect(seen["state"]?.text == "succeeded" && seen["total_steps"]?.number == 2)
      #expect(seen["usage"]?["tokens"]?.number == 12 && seen["usage"]?["cost"]?.number == 0.25)
      #expect(seen["steps"]?.list.map { $0["state"]?.text } == ["succeeded", "succeeded"])
      // The last word comes over the WebSocket too, as data alone.
      var update: JSONTree = .null
      repeat {
        guard case .text(let bytes) = try socket.next() else { continue }
        update = try JSONTree(String(decoding: bytes, as: UTF8.self))
      } while update["status"]?.text != "succeeded"
      #expect(
        update.keys.isSuperset(of: [
          "workflow_id", "status", "current_step", "total_steps", "message", "timestamp",
        ]))
      #expect(update["current_step"]?.number == 2)
      #expect(try server.ask("DELETE", "/workflows/\(id)").status == 409)
    }
  }

  @Test func workflowsAreChecked() async throws {
    try await ServerUnderTest.runWithJobs { server in
      for (body, detail) in [
        (#"{}"#, "Give steps: an array of at least one job."),
        (#"{"steps":[]}"#, "Give steps: an array of at least one job."),
        (#"{"steps":[{"task":"t"}]}"#, "step 1: Give the step a queue."),
        (
          #"{"steps":[{"queue":"git_queue","task":"t"},{"queue":"gitqueue","task":"t"}]}"#,
          "step 2: There is no such queue; did you mean git_queue?"
        ),
        (
          #"{"steps":[{"queue":"git_queue","task":"t","key":"k"}]}"#,
          "step 1: Remove the member key"
        ),
      ] {
        let answer = try server.post("/workflows", body)
        #expect(answer.status == 422)
        #expect(try answer.problem.detail.hasPrefix(detail), "\(answer.text)")
      }
      #expect(try server.ask("GET", "/workflows/zz").status == 404)
      // What is deleted is cancelled with all its steps.
      let made = try server.post(
        "/workflows",
        #"{"steps":[{"queue":"git_queue","task":"a"},{"queue":"git_queue","task":"b"}]}"#)
      let id = try #require(made.tree["id"]?.text)
      #expect(try server.ask("DELETE", "/workflows/\(id)").status == 202)
      let seen = try server.ask("GET", "/workflows/\(id)").tree
      #expect(seen["state"]?.text == "cancelled")
      #expect(seen["steps"]?.list.map { $0["state"]?.text } == ["cancelled", "cancelled"])
    }
  }
}
