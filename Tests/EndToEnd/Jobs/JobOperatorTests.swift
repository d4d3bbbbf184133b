import FanfareActors
import FanfareRuntime
import FanfareServer
import FanfareTestKit
import Testing

/// What operators see of jobs, and do about them.
@Suite struct JobOperatorTests {
  private static func ids(_ page: JSONTree) -> [String] {
    page["jobs"]?.list.compactMap { $0["id"]?.text } ?? []
  }

  @Test func queuesAreSeenPausedAndResumed() async throws {
    try await ServerUnderTest.runWithJobs { server in
      let all = try server.ask("GET", "/queues").tree["queues"]?.list ?? []
      #expect(
        all.map { $0["queue"]?.text } == ["agent_queue", "cicd_queue", "git_queue", "sync_queue"])
      let id = try server.enqueue(#"{"task":"t"}"#)
      #expect(try server.ask("POST", "/queues/agent_queue/pause").status == 200)
      let paused = try server.ask("GET", "/queues/agent_queue").tree
      #expect(paused["paused"]?.bool == true)
      #expect(paused["counts"]?["queued"]?.number == 1)
      #expect(paused["oldest_seconds"]?.number != nil)
      #expect(paused["limits"]?["concurrency"]?.number == 4)
      #expect(try server.job(id)["waiting_for"]?.text == "the queue to be resumed")
      #expect(try server.lease(wait: 0).isEmpty)
      let waiting = try server.connect()
      try waiting.request(
        "POST", "/queues/agent_queue/lease", ["Content-Type: application/json"],
        body: #"{"worker":"w","wait":30}"#)
      #expect(try server.ask("POST", "/queues/agent_queue/resume").status == 200)
      let leased: LeasedBodies = try waiting.answer(to: "POST").json()
      #expect(leased.jobs.map(\.id) == [id])
      let busy = try server.ask("GET", "/queues/agent_queue").tree
      #expect(busy["workers"]?[0]?["worker"]?.text == "w")
      #expect(busy["workers"]?[0]?["leases"]?.number == 1)
      #expect(try server.ask("GET", "/queues/nope").status == 404)
    }
  }

  @Test func deadLettersAreListedRetriedAndPurged() async throws {
    try await ServerUnderTest.runWithJobs { server in
      var ids: [String] = []
      for index in 0..<4 {
        ids.append(try server.enqueue(#"{"task":"t\#(index % 2)"}"#))
        let job = try server.leaseOne()
        let report = #""error":"broken \#(index)","retry":false"#
        #expect(try server.report(job, "fail", report).status == 200)
      }
      let dead = "/queues/agent_queue/dead"
      let page = try server.ask("GET", "\(dead)?limit=3").tree
      #expect(Self.ids(page) == Array(ids.reversed().prefix(3)))
      #expect(page["next"]?.text == ids[1])
      let rest = try server.ask("GET", "\(dead)?after=\(ids[1])").tree
      #expect(Self.ids(rest) == [ids[0]] && rest["next"] == nil)
      let some = try server.ask("GET", "\(dead)?task=t1&error=broken%203").tree
      #expect(Self.ids(some) == [ids[3]])
      #expect(try server.metrics()[#"fanfare_dead_jobs{queue="agent_queue"}"#] == 4)
      let bad = try server.post("\(dead)/retry", #"{"rate":"10/week"}"#)
      #expect(bad.status == 422)
      let retried = try server.post("\(dead)/retry", #"{"filter":{"task":"t0"}}"#)
      #expect(retried.status == 202)
      #expect(try retried.tree["jobs"]?.number == 2)
      #expect(
        try await Deadline().holds { try server.job(ids[0])["state"]?.text == "queued" })
      // At a pace, and stopped before it is through.
      let paced = try server.post("\(dead)/retry", #"{"rate":"1/h"}"#)
      #expect(try paced.tree["jobs"]?.number == 2)
      let stopped = try server.ask("DELETE", "\(dead)/retry")
      #expect((try stopped.tree["left"]?.number ?? 0) >= 1)
      let purged = try server.ask("DELETE", "\(dead)?task=t1").tree
      #expect((purged["deleted"]?.number ?? 0) >= 1)
      #expect(try server.ask("GET", dead).tree["jobs"]?.list.isEmpty == true)
    }
  }

  @Test func jobsAreListed() async throws {
    try await ServerUnderTest.runWithJobs { server in
      let ids = try (0..<5).map {
        try server.enqueue(#"{"task":"t"}"#, in: $0 == 4 ? "git_queue" : "agent_queue")
      }
      _ = try server.leaseOne()
      let all = try server.ask("GET", "/jobs?limit=2").tree
      #expect(Self.ids(all) == [ids[4], ids[3]])
      let next = try #require(all["next"]?.text)
      let rest = try server.ask("GET", "/jobs?before=\(next)").tree
      #expect(rest["jobs"]?.list.count == 3)
      let queued = try server.ask("GET", "/jobs?queue=agent_queue&state=queued").tree
      #expect(Self.ids(queued) == [ids[3], ids[2], ids[1]])
      for query in ["state=lost", "queue=a%20b", "limit=0", "before=Z!", "task=a%20b"] {
        #expect(try server.ask("GET", "/jobs?\(query)").status == 400, "\(query)")
      }
    }
  }

  @Test func aListEndsWhereItWouldBeTooLong() async throws {
    try await ServerUnderTest.runWithJobs({ $0.limits.jobArgumentsBytesMax = 1_024 * 1_024 }) {
      server in
      let args = String(repeating: "x", count: 1_000_000)
      let ids = try (0..<12).map { _ in try server.enqueue(#"{"task":"t","args":"\#(args)"}"#) }
      let page = try server.ask("GET", "/jobs?limit=1000").text
      #expect(page.utf8.count < 10 * 1_024 * 1_024)
      #expect(page.hasSuffix(#"],"next":"\#(ids[3])"}"#))
      let rest = try server.ask("GET", "/jobs?limit=1000&before=\(ids[3])&fields=id").tree
      #expect(Self.ids(rest) == [ids[2], ids[1], ids[0]] && rest["next"] == nil)
      let short = try server.ask("GET", "/jobs?limit=1000&fields=id").tree
      #expect(Self.ids(short) == ids.reversed() && short["next"] == nil)
    }
  }

  @Test func fewOfManyAreFoundPageByPage() async throws {
    try await ServerUnderTest.runWithJobs { server in
      let rare = try server.enqueue(#"{"task":"rare"}"#)
      let jobs = JobsOverHTTP(server)
      let lines = Array(repeating: #"{"task":"t"}"#, count: 1_000)
      for _ in 0..<11 { try jobs.enqueue(lines: lines, "git_queue") }
      let first = try server.ask("GET", "/jobs?task=rare").tree
      #expect(Self.ids(first) == [])
      let next = try #require(first["next"]?.text)
      let second = try server.ask("GET", "/jobs?task=rare&before=\(next)").tree
      #expect(Self.ids(second) == [rare] && second["next"] == nil)
    }
  }

  @Test func listsGiveTheFieldsThatAreWanted() async throws {
    try await ServerUnderTest.runWithJobs { server in
      let id = try server.enqueue(
        #"{"task":"t","args":{"long":"\#(String(repeating: "x", count: 1_000))"},"attempts":1}"#)
      let short = try server.ask("GET", "/jobs?fields=state,id,next_at").text
      // In the order of a whole job, whatever the order of the names.
      #expect(short == #"{"jobs":[{"id":"\#(id)","state":"queued","next_at":null}]}"#)
      let whole = try server.ask("GET", "/jobs").text
      let names = try #require(try server.ask("GET", "/jobs").tree["jobs"]?.list[0]).keys
      #expect(names == Set(try server.job(id).keys))
      let all = try server.ask("GET", "/jobs?fields=\(names.joined(separator: ","))").text
      #expect(all == whole)
      let lease = try server.leaseOne()
      _ = try server.post(
        "/jobs/\(id)/fail", #"{"lease":"\#(lease.lease)","error":"no","retry":false}"#)
      let dead = try server.ask("GET", "/queues/agent_queue/dead?fields=error,reason").text
      #expect(dead == #"{"jobs":[{"reason":"failed","error":"no"}]}"#)
      for (fields, said) in [
        ("id,stat", "Remove stat from fields; did you mean state?"),
        ("", "Remove the empty name from fields; there are id, queue, "),
        ("id,,state", "Remove the empty name from fields; there are id, queue, "),
      ] {
        let refused = try server.ask("GET", "/jobs?fields=\(fields)")
        #expect(refused.status == 400)
        #expect(try refused.problem.detail.hasPrefix(said), "\(refused.text)")
      }
    }
  }

  @Test func metricsSayHowLongThingsTook() async throws {
    try await ServerUnderTest.runWithJobs({
      $0.budgets[RateKey(checked: "openai")] = RateBudget(
        requests: .init(amount: 100, per: .seconds(1)))
    }) { server in
      _ = try server.enqueue(#"{"task":"t","rate_key":"openai"}"#)
      let first = try server.leaseOne()
      let limited = #""error":"429","rate_limited":true,"retry_after":0.01"#
      #expect(try server.report(first, "fail", limited).status == 200)
      let job = try server.leaseOne()
      #expect(job.attempt == 1)
      #expect(try server.report(job, "succeed").status == 200)
      let page = try server.metrics()
      #expect(page[#"fanfare_job_wait_seconds_count{queue="agent_queue"}"#] == 2)
      #expect(page[#"fanfare_job_run_seconds_count{queue="agent_queue"}"#] == 2)
      #expect(page[#"fanfare_job_retries_total{reason="rate_limited"}"#] == 1)
      #expect(page[#"fanfare_rate_limit_wait_seconds_count{rate_key="openai"}"#] == 2)
      #expect(page[#"fanfare_jobs{queue="agent_queue",state="succeeded"}"#] == 1)
      #expect(page["fanfare_job_store_up"] == 1)
      #expect(server.log.lines.contains { $0.hasPrefix("info job succeeded") })
      #expect(server.log.lines.contains { $0.hasPrefix("debug job started") })
    }
  }

  @Test func aFileThatIsTakenStopsTheStart() async throws {
    try await ServerUnderTest.withJobsDirectory { directory in
      try await ServerUnderTest.run({ $0.keepJobs(in: directory) }) { _ in
        var settings = Settings()
        settings.listen = ListenAddress(host: "127.0.0.1", port: 0)
        settings.keepJobs(in: directory)
        let second = try FanfareServer(settings, logger: CapturedLog().logger)
        do {
          try await second.start()
          Issue.record("two servers with one file")
          await second.stop()
        } catch ServerError.cannotKeepJobs(let why) {
          #expect(!why.isEmpty)
        }
      }
    }
  }

  @Test func workersThatWaitAreAnsweredWhenTheServerStops() async throws {
    try await ServerUnderTest.runWithJobs { server in
      let connection = try server.connect()
      try connection.request(
        "POST", "/queues/agent_queue/lease", ["Content-Type: application/json"],
        body: #"{"worker":"w","wait":60}"#)
      #expect(
        try await Deadline().holds { try server.metrics().sum("fanfare_connections") == 2 })
      await server.stop()
      let answer: LeasedBodies = try connection.answer(to: "POST").json()
      #expect(answer.jobs.isEmpty)
    }
  }
}
