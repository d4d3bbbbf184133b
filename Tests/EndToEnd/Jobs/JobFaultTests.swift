import FanfareActors
import FanfareRuntime
import FanfareServer
import FanfareTestKit
import Testing

/// What clients and operators are told of a store that cannot write.
@Suite struct JobFaultTests {
  /// A store that refuses what it is asked, and says so.
  private final class BrokenStore: JobStore {
    private let feed = Locked<(any JobStoreFeed)?>(nil)
    private let refusal = Locked<JobRefusal?>(nil)
    /// How often it was asked for jobs.
    let asked = Locked(0)

    func connect(to feed: any JobStoreFeed) { self.feed.withLock { $0 = feed } }
    func start() async throws(JobRefusal) {}
    func stop() async {}

    func perform(
      _ command: JobCommand, on loop: EventLoop
    ) async throws(JobRefusal) -> JobReply {
      if let refusal = refusal.withLock({ $0 }) { throw refusal }
      switch command {
      case .outbox: return .outbox([])
      case .queues: return .queues([])
      case .lease:
        asked.withLock { $0 += 1 }
        return .leased([], rest: LeaseRest(left: 0, reason: .tasks))
      case .enqueue(let drafts, _):
        guard let id = JobID(1) else { throw .noSuchJob }
        return .enqueued(drafts.map { _ in EnqueuedJob(id: id, state: .queued, isNew: true) })
      default: return .done(0)
      }
    }

    func becomes(_ refusal: JobRefusal?, fault: String) {
      self.refusal.withLock { $0 = refusal }
      var news = JobNews()
      news.fault = fault
      feed.withLock { $0 }?.stored(news)
    }
  }

  @Test func aStoreThatCannotWriteIsToldToEverybody() async throws {
    let store = BrokenStore()
    try await ServerUnderTest.run(keepingJobsIn: store) { server in
      #expect(try server.ask("GET", "/readyz").status == 200)
      for _ in 0..<2 { store.becomes(.unavailable("the disk is full"), fault: "the disk is full") }
      let refused = try server.post("/queues/agent_queue/jobs", #"{"task":"t"}"#)
      #expect(refused.status == 503 && refused["retry-after"] == "2")
      #expect(try refused.problem.type.hasSuffix("not-accepted"))
      #expect(try refused.problem.detail == "Nothing was accepted: the disk is full. Try again.")
      await #expect(throws: JobsError.notAccepted("the disk is full")) {
        try await server.server.enqueue(NewJob("t", in: "agent_queue"))
      }
      let lease = try server.post("/queues/agent_queue/lease", #"{"worker":"w"}"#)
      #expect(lease.status == 503)
      let ready = try server.ask("GET", "/readyz")
      #expect(ready.status == 503)
      #expect(try ready.problem.detail == "No job can be stored: the disk is full.")
      #expect(try server.metrics()["fanfare_job_store_up"] == 0)
      // An `EventSource` is asked to come back: a status would end it for good.
      let stream = try server.stream("/jobs/abc/events")
      #expect(try stream.block { $0.event != nil }.event == "fanfare.bye")
      // Events go on.
      let other = try server.connect().publish("/channels/a/events", "x", "1")
      #expect(other.status == 201)
      store.becomes(nil, fault: "")
      #expect(try server.ask("GET", "/readyz").status == 200)
      #expect(try server.enqueue(#"{"task":"t"}"#) == "1")
      let said = server.log.lines.filter { $0.contains("jobs c") }
      #expect(
        said == [
          "error jobs cannot be stored; none is accepted reason=the disk is full",
          "notice jobs can be stored again",
        ])
    }
  }

  /// Whatever it missed meanwhile: those who wait ask anew.
  @Test func whoWaitsAsksAgainWhenTheStoreCanWrite() async throws {
    let store = BrokenStore()
    try await ServerUnderTest.run(keepingJobsIn: store) { server in
      let worker = try server.connect()
      try worker.request(
        "POST", "/queues/agent_queue/lease", ["Content-Type: application/json"],
        body: #"{"worker":"w","wait":60}"#)
      #expect(await Deadline().holds { store.asked.withLock { $0 } == 1 })
      store.becomes(.unavailable("the disk is full"), fault: "the disk is full")
      #expect(store.asked.withLock { $0 } == 1)
      store.becomes(nil, fault: "")
      #expect(await Deadline().holds { store.asked.withLock { $0 } == 2 })
    }
  }

  @Test(arguments: [
    (JobRefusal.tooManyJobs, 503, "too-many-jobs-not-accepted"),
    (.keyMismatch, 422, "key-reused"), (.leaseLost, 409, "lease-lost"),
    (.over(.succeeded), 409, "job-over"), (.notOver(.running), 409, "job-not-over"),
    (.noSuchJob, 404, "no-such-job"),
    (JobID(1).map(JobRefusal.stepBefore), 409, "step-not-reached"),
    // What does not answer the question is the server's own fault.
    (nil, 500, "jobs-fault"),
  ])
  func everyRefusalIsAProblem(
    _ refusal: JobRefusal?, _ status: Int, _ kind: String
  ) async throws {
    let store = BrokenStore()
    try await ServerUnderTest.run(keepingJobsIn: store) { server in
      store.becomes(refusal, fault: "")
      let answer = try server.ask("GET", "/jobs/abc")
      #expect(answer.status == status)
      #expect(try answer.problem.type == "/problems/\(kind)")
    }
  }
}
