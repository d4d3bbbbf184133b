import FanfareActors
import FanfareRuntime
import FanfareServer
import FanfareTestKit
import Testing

/// What workers ask and say over HTTP.
@Suite struct JobWorkTests {
  @Test func aWorkerTakesAJobToItsEnd() async throws {
    try await ServerUnderTest.runWithJobs { server in
      let id = try server.enqueue(#"{"task":"plan","args":[1,2]}"#)
      let job = try server.leaseOne()
      #expect(job.id == id && job.task == "plan" && job.attempt == 1)
      #expect(job.args == .list([.number(1), .number(2)]))
      #expect(try server.job(id)["state"]?.text == "running")
      #expect(try server.job(id)["worker"]?.text == "w1")
      let progress = try server.report(
        job, "progress", #""current":3,"total":10,"message":"reading""#)
      #expect(progress.status == 200)
      #expect(try progress.tree["cancelled"]?.bool == false)
      #expect(try progress.tree["lease_seconds"]?.number == 30)
      #expect(try server.report(job, "checkpoint", #""data":{"at":3}"#).status == 200)
      let log = try server.ask(
        "POST", "/jobs/\(id)/log?lease=\(job.lease)", ["Content-Type: text/plain"],
        body: "one\ntwo\n")
      #expect(log.status == 200)
      #expect(try server.ask("GET", "/jobs/\(id)/log").text == "one\ntwo\n")
      let heartbeat = try server.post(
        "/workers/w1/heartbeat",
        #"{"leases":[{"id":"\#(id)","lease":"\#(job.lease)"},{"id":"zz","lease":"1"}]}"#)
      #expect(try heartbeat.tree["lost"] == .list([.text("zz")]))
      #expect(try heartbeat.tree["cancel"] == .list([]))
      let end = #""result":{"ok":true},"usage":{"tokens":12,"cost":0.5,"model":"m"}"#
      let succeeded = try server.report(job, "succeed", end)
      #expect(succeeded.status == 200)
      #expect(try succeeded.tree["state"]?.text == "succeeded")
      // The same call again answers the same.
      #expect(try server.report(job, "succeed", end).text == succeeded.text)
      let seen = try server.job(id)
      #expect(seen["result"] == .object(["ok": .bool(true)]))
      #expect(seen["usage"]?["model"]?.text == "m")
      #expect(seen["progress"]?["current"]?.number == 3)
      #expect(seen["checkpoint"]?["at"]?.number == 3)
      #expect(seen["finished"]?.text != nil && seen["waiting_for"] == .null)
      let again = try server.ask("DELETE", "/jobs/\(id)")
      #expect(again.status == 409)
      #expect(try again.problem.type.hasSuffix("job-over"))
    }
  }

  @Test func aWorkerThatWaitsGetsANewJobAtOnce() async throws {
    try await ServerUnderTest.runWithJobs { server in
      let connection = try server.connect()
      try connection.request(
        "POST", "/queues/agent_queue/lease", ["Content-Type: application/json"],
        body: #"{"worker":"w","max":4,"wait":30}"#)
      // Another request, on the same connection, waits behind it.
      try connection.request("GET", "/healthz")
      let id = try server.enqueue(#"{"task":"t"}"#)
      let answer: LeasedBodies = try connection.answer(to: "POST").json()
      #expect(answer.jobs.map(\.id) == [id])
      #expect(try connection.answer().text == "ok\n")
    }
  }

  @Test func noneInTimeIsAnEmptyList() async throws {
    try await ServerUnderTest.runWithJobs { server in
      #expect(try server.lease(wait: 0).isEmpty)
      #expect(try server.lease(wait: 1).isEmpty)
      let bad = try server.post("/queues/agent_queue/lease", #"{"max":1}"#)
      #expect(bad.status == 422)
      #expect(try server.post("/queues/nope/lease", #"{"worker":"w"}"#).status == 404)
    }
  }

  @Test func aWorkerThatHasGoneHoldsNothing() async throws {
    try await ServerUnderTest.runWithJobs { server in
      let gone = try server.connect()
      try gone.request(
        "POST", "/queues/agent_queue/lease", ["Content-Type: application/json"],
        body: #"{"worker":"gone","wait":30}"#)
      #expect(try gone.isWaiting(on: server))
      gone.socket.close()
      #expect(try await server.isIdle())
      let id = try server.enqueue(#"{"task":"t"}"#)
      let job = try server.leaseOne("other")
      #expect(job.id == id && job.attempt == 1)
    }
  }

  @Test func afterALostLeaseNothingIsWritten() async throws {
    try await ServerUnderTest.runWithJobs({
      $0.queues[QueueName(checked: "agent_queue")]?.lease = .seconds(3)
      $0.queues[QueueName(checked: "agent_queue")]?.retry = RetryPlan(
        base: .milliseconds(1), cap: .milliseconds(1))
    }) { server in
      let id = try server.enqueue(#"{"task":"t"}"#)
      let lost = try server.leaseOne("silent")
      // Confirmed, so that its silence counts.
      #expect(try server.report(lost, "checkpoint", #""data":1"#).status == 200)
      let given = try server.lease("next", wait: 30)
      let next = try #require(given.first)
      #expect(next.id == id && next.attempt == 2 && next.checkpoint == .number(1))
      for (what, members) in [
        ("progress", #""current":1"#), ("checkpoint", #""data":2"#), ("succeed", #""result":1"#),
        ("fail", #""error":"x""#), ("release", ""),
      ] {
        let answer = try server.report(lost, what, members)
        #expect(answer.status == 409, "\(what): \(answer.text)")
        #expect(try answer.problem.type.hasSuffix("lease-lost"))
      }
      #expect(try server.report(next, "succeed", #""result":7"#).status == 200)
      #expect(try server.job(id)["crashes"]?.number == 1)
      #expect(try server.metrics()["fanfare_leases_lost_total"] == 1)
      #expect(try server.metrics()["fanfare_fenced_writes_total"] == 5)
      #expect(server.log.lines.contains { $0.hasPrefix("warning job lost its worker") })
    }
  }

  @Test func failuresAreTriedAgainUntilDead() async throws {
    try await ServerUnderTest.runWithJobs({
      $0.queues[QueueName(checked: "agent_queue")]?.retry = RetryPlan(
        base: .milliseconds(1), cap: .milliseconds(1))
    }) { server in
      let id = try server.enqueue(#"{"task":"t","attempts":2}"#)
      let first = try server.report(try server.leaseOne(), "fail", #""error":"broken""#)
      #expect(try first.tree["state"]?.text == "retrying")
      let long = String(repeating: "é", count: 4_000)
      let second = try server.report(try server.leaseOne(), "fail", #""error":"\#(long)""#)
      #expect(try second.tree["state"]?.text == "dead")
      #expect(try second.tree["reason"]?.text == "attempts")
      let job = try server.job(id)
      #expect(job["errors"]?[0]?["error"]?.text == "broken")
      #expect((job["error"]?.text?.utf8.count ?? 0) <= 4_096)
      #expect(job["error"]?.text?.hasSuffix("é…") == true)
      #expect(server.log.lines.contains { $0.hasPrefix("warning job is dead") })
      // Once more, with other arguments.
      let retried = try server.post("/jobs/\(id)/retry", #"{"args":{"n":1}}"#)
      #expect(try retried.tree["state"]?.text == "queued")
      let job3 = try server.leaseOne()
      #expect(job3.args == .object(["n": .number(1)]))
      #expect(try server.post("/jobs/\(id)/retry", "{}").status == 409)
      let once = try server.report(job3, "fail", #""error":"no","retry":false"#)
      #expect(try once.tree["reason"]?.text == "failed")
    }
  }

  @Test func aRunningJobIsToldThatItIsCancelled() async throws {
    try await ServerUnderTest.runWithJobs { server in
      let id = try server.enqueue(#"{"task":"t"}"#)
      let job = try server.leaseOne()
      let cancelled = try server.ask("DELETE", "/jobs/\(id)")
      #expect(cancelled.status == 202)
      #expect(try cancelled.tree["state"]?.text == "running")
      let progress = try server.report(job, "progress", #""current":1"#)
      #expect(try progress.tree["cancelled"]?.bool == true)
      let heartbeat = try server.post(
        "/workers/w1/heartbeat", #"{"leases":[{"id":"\#(id)","lease":"\#(job.lease)"}]}"#)
      #expect(try heartbeat.tree["cancel"] == .list([.text(id)]))
      let end = try server.report(job, "succeed", #""result":1"#)
      #expect(try end.tree["state"]?.text == "cancelled")
      #expect(try server.job(id)["result"] == .null)
    }
  }
}

extension TestConnection {
  /// Whether the server soon counts a connection beside the one that asks.
  fileprivate func isWaiting(on server: ServerUnderTest) throws -> Bool {
    let deadline = Deadline()
    while !deadline.hasPassed {
      if try server.metrics().sum("fanfare_connections") == 2 { return true }
    }
    return false
  }
}
