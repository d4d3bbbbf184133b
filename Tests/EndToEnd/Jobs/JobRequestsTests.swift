import FanfareRuntime
import FanfareServer
import FanfareTestKit
import Testing

/// Making jobs and looking at them over HTTP.
@Suite struct JobRequestsTests {
  @Test func aJobIsMadeAndSeen() async throws {
    try await ServerUnderTest.runWithJobs { server in
      let answer = try server.post(
        "/queues/agent_queue/jobs",
        #"{"task":"plan","args":{"issue": 7},"channel":"project:1","priority":5,"attempts":3}"#)
      #expect(answer.status == 201)
      let made = try answer.tree
      #expect(made["state"]?.text == "queued" && made["new"]?.bool == true)
      let id = try #require(made["id"]?.text)
      let job = try server.job(id)
      #expect(job["queue"]?.text == "agent_queue" && job["task"]?.text == "plan")
      #expect(job["args"] == .object(["issue": .number(7)]))
      #expect(job["attempts"]?.number == 3 && job["attempt"]?.number == 0)
      #expect(job["channel"]?.text == "project:1")
      let wanted: Set = [
        "id", "queue", "task", "args", "state", "attempt", "attempts", "crashes", "progress",
        "checkpoint", "result", "usage", "error", "errors", "channel", "workflow", "created",
        "started", "finished", "next_at", "waiting_for",
      ]
      #expect(job.keys.isSuperset(of: wanted))
      #expect(job["waiting_for"]?.text?.hasPrefix("a worker") == true, "\(job)")
      #expect(try server.ask("HEAD", "/jobs/\(id)").status == 200)
      #expect(try server.ask("GET", "/jobs/zzzz").problem.type.hasSuffix("no-such-job"))
      #expect(try server.ask("GET", "/jobs/Not-an-id").status == 404)
    }
  }

  @Test func delayedJobsWaitForTheirTime() async throws {
    try await ServerUnderTest.runWithJobs { server in
      let later = try server.enqueue(#"{"task":"t","delay":3600}"#)
      #expect(try server.job(later)["state"]?.text == "scheduled")
      let at = try server.enqueue(#"{"task":"t","at":"2126-01-02T03:04:05.678+01:00"}"#)
      #expect(try server.job(at)["next_at"]?.text == "2126-01-02T02:04:05.678Z")
      let soon = try server.enqueue(#"{"task":"t","delay":0.05}"#)
      #expect(try server.leaseOne().id == soon)
    }
  }

  @Test func manyAreMadeInOneRequest() async throws {
    try await ServerUnderTest.runWithJobs { server in
      let lines = (1...100).map { #"{"task":"t","args":\#($0),"key":"k\#($0 % 60)"}"# }
      let answer = try server.connect().publish(lines: lines, "/queues/git_queue/jobs")
      #expect(answer.status == 200)
      let jobs = try answer.tree["jobs"]?.list ?? []
      #expect(jobs.count == 100)
      #expect(jobs.filter { $0["new"]?.bool == true }.count == 60)
      #expect(jobs[60]["id"] == jobs[0]["id"])
      // One bad line, and none is made.
      let bad = try server.connect().publish(
        lines: [#"{"task":"x"}"#, "", #"{"task":"y","dealy":1}"#], "/queues/git_queue/jobs")
      #expect(bad.status == 422)
      #expect(
        try bad.problem.detail == "Line 3: Remove the member dealy; did you mean delay?")
      let queue = try server.ask("GET", "/queues/git_queue").tree
      #expect(queue["counts"]?["queued"]?.number == 60)
    }
  }

  @Test func aKeyIsTakenUntilTheJobIsOver() async throws {
    try await ServerUnderTest.runWithJobs { server in
      let body = #"{"task":"t","key":"once"}"#
      let first = try server.enqueue(body)
      let second = try server.post("/queues/agent_queue/jobs", body)
      #expect(second.status == 200)
      #expect(try second.tree["id"]?.text == first)
      #expect(try server.ask("DELETE", "/jobs/\(first)").status == 202)
      #expect(try server.enqueue(body) != first)
    }
  }

  @Test func aRepeatedRequestMakesNothing() async throws {
    try await ServerUnderTest.runWithJobs { server in
      let key = ["Idempotency-Key: abc"]
      let first = try server.post("/queues/agent_queue/jobs", #"{"task":"t"}"#, key)
      #expect(first.status == 201)
      let again = try server.post("/queues/agent_queue/jobs", #"{"task":"t"}"#, key)
      #expect(again.status == 200)
      #expect(try again.tree["id"] == first.tree["id"])
      let other = try server.post("/queues/agent_queue/jobs", #"{"task":"u"}"#, key)
      #expect(other.status == 422)
      #expect(try other.problem.type.hasSuffix("key-reused"))
      // A key is one of its queue.
      #expect(try server.post("/queues/git_queue/jobs", #"{"task":"u"}"#, key).status == 201)
    }
  }

  @Test(arguments: [
    (#"{"#, 400, "The JSON ends too early"), (#"[]"#, 422, "A JSON object is expected"),
    (#"{}"#, 422, "Give the job a task."), (#"{"task":5}"#, 422, "Give task as a string."),
    (#"{"task":"a b"}"#, 422, "Mend task: 1-128 characters"),
    (#"{"task":"t","priority":101}"#, 422, "Give priority as a whole number from -100 to 100."),
    (#"{"task":"t","attempts":0}"#, 422, "Give attempts as a whole number from 1 to 1000."),
    (#"{"task":"t","timeout":0}"#, 422, "Give timeout as more than 0 seconds."),
    (#"{"task":"t","delay":1,"at":"2126-01-01T00:00:00Z"}"#, 422, "either delay or at"),
    (#"{"task":"t","at":"tomorrow"}"#, 422, "Mend at: a time like"),
    (#"{"task":"t","unique_for":5}"#, 422, "Give a key with unique_for, or neither."),
    (#"{"task":"t","cost":{"token":5}}"#, 422, "did you mean tokens?"),
    (#"{"task":"t","events":{"progres":"x"}}"#, 422, "events: Remove the member progres"),
    (#"{"task":"t","events":{"progress":"fanfare.x"}}"#, 422, "events: Mend progress"),
    (#"{"task":"t","channel":"job:1"}"#, 403, "Channels of job: are the server's own."),
    (#"{"task":"t","args":1,"args":2}"#, 422, "is given a second time"),
  ])
  func whatIsWrongIsSaid(_ body: String, _ status: Int, _ detail: String) async throws {
    try await ServerUnderTest.runWithJobs { server in
      let answer = try server.post("/queues/agent_queue/jobs", body)
      #expect(answer.status == status, "\(answer.text)")
      #expect(try answer.problem.detail.contains(detail), "\(answer.text)")
      #expect(answer["content-type"] == "application/problem+json")
    }
  }

  @Test func methodsTypesAndSizesAreChecked() async throws {
    try await ServerUnderTest.runWithJobs({ $0.limits.jobArgumentsBytesMax = 1_024 }) { server in
      let put = try server.ask("PUT", "/queues/agent_queue/jobs", body: "{}")
      #expect(put.status == 405 && put["allow"] == "POST, OPTIONS")
      let get = try server.ask("DELETE", "/queues/agent_queue/dead/retry", body: "")
      #expect(get.status == 200)
      let form = try server.ask(
        "POST", "/queues/agent_queue/jobs", ["Content-Type: text/plain"], body: #"{"task":"t"}"#)
      #expect(form.status == 415)
      // A form of a foreign page names a type, and a page its origin.
      #expect(
        try server.ask(
          "POST", "/queues/agent_queue/pause",
          ["Content-Type: application/x-www-form-urlencoded"], body: ""
        ).status == 415)
      #expect(
        try server.post(
          "/queues/agent_queue/jobs", #"{"task":"t"}"#, ["Origin: https://evil.example"]
        ).status == 403)
      let large = try server.post(
        "/queues/agent_queue/jobs",
        #"{"task":"t","args":"\#(String(repeating: "x", count: 1_024))"}"#)
      #expect(large.status == 413)
      #expect(try large.problem.detail == "Send at most 1024 bytes of args.")
      let nowhere = try server.post("/queues/agnt_queue/jobs", #"{"task":"t"}"#)
      #expect(nowhere.status == 404)
      #expect(
        try nowhere.problem.detail == "There is no such queue; did you mean agent_queue?")
      #expect(try server.ask("GET", "/queues/agent_queue/nothing").status == 404)
    }
  }

  @Test func pipelinedRequestsAreAnsweredInTheirOrder() async throws {
    try await ServerUnderTest.runWithJobs { server in
      let connection = try server.connect()
      let body = #"{"task":"t"}"#
      let request = """
        POST /queues/agent_queue/jobs HTTP/1.1\r
        Host: localhost\r
        Content-Type: application/json\r
        Content-Length: \(body.utf8.count)\r
        \r
        \(body)
        """
      try connection.send(String(repeating: request, count: 50))
      var ids: [String] = []
      for _ in 0..<50 {
        let answer = try connection.answer(to: "POST")
        #expect(answer.status == 201)
        ids.append(try #require(answer.tree["id"]?.text))
      }
      #expect(ids == ids.sorted() && Set(ids).count == 50)
    }
  }

  @Test func withoutJobsThePathsSayHowToHaveThem() async throws {
    try await ServerUnderTest.run { server in
      for target in ["/jobs", "/queues", "/jobs/abc", "/queues/agent_queue/dead"] {
        let answer = try server.ask("GET", target)
        #expect(answer.status == 404)
        #expect(try answer.problem.detail.contains("jobs.store: sqlite"), "\(answer.text)")
      }
      // Events of workflows are a channel all the same.
      #expect(try server.read("/workflows/7/events").events.isEmpty)
    }
  }
}
