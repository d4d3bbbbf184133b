import FanfareRuntime
import FanfareServer
import FanfareTestKit
import Foundation
import Testing

/// What the program that embeds the server is told of its jobs when something is not as it should
/// be, and what outlives the server.
@Suite struct EmbeddedJobsLifeTests {
  /// Asks for another job when it is told to, which is while the server stops.
  private struct Follower: TaskHandler {
    struct Arguments: Codable, Sendable {}

    let task = "follow_up"
    let server: @Sendable () -> FanfareServer?

    func run(_ arguments: Arguments, _ context: TaskContext) async throws -> String {
      while server()?.address != nil { try await Task.sleep(for: .milliseconds(5)) }
      guard let server = server() else { throw TaskFailure.final("no server") }
      return try await server.enqueue(NewJob("next", in: "git_queue")).id
    }
  }

  private static func refusal(_ body: () async throws -> Void) async -> JobsError? {
    do {
      try await body()
      return nil
    } catch {
      return error as? JobsError
    }
  }

  private static func job(_ change: (inout NewJob) -> Void) -> NewJob {
    var job = NewJob("plan", in: "agent_queue")
    change(&job)
    return job
  }

  private static let impossible: [(job: NewJob, said: String)] = [
    (NewJob("bad name", in: "agent_queue"), "Mend task: 1-128"),
    (NewJob("t", in: "a b"), "Mend the queue: 1-128"),
    (NewJob("t", in: "agent_quee"), "did you mean agent_queue?"),
    (NewJob("t", in: "agent_queue", json: "{"), "Give one JSON value"),
    (NewJob("t", in: "agent_queue", json: #"1,"priority":9"#), "Give one JSON value"),
    (job { $0.channel = "a b" }, "Mend channel"),
    (job { $0.channel = "job:x" }, "are the server's own"),
    (job { $0.uniqueKey = "" }, "Mend key: 1 to 255 bytes"),
    (job { $0.uniqueFor = .seconds(1) }, "Give a key with unique_for"),
    (job { $0.start = .after(.seconds(-1)) }, "Give delay as a number of seconds from 0"),
    (job { $0.start = .at(Date.distantFuture.addingTimeInterval(1e15)) }, "Mend at: a time"),
    (job { $0.start = .at(Date(timeIntervalSince1970: 253_402_300_800)) }, "Mend at: a time"),
    (job { $0.start = .at(Date(timeIntervalSince1970: .nan)) }, "Mend at: a time"),
    (job { $0.priority = 101 }, "Give priority"), (job { $0.attempts = 0 }, "Give attempts"),
    (job { $0.timeout = .zero }, "Give timeout as more than 0 seconds"),
    (job { $0.rateKey = "a b" }, "Mend rate_key"), (job { $0.cost = -1 }, "Give tokens"),
  ]

  @Test func whatCannotBeIsRefusedInOneSentence() async throws {
    try await WorkerScene.run { scene in
      let server = scene.running.server
      for (job, said) in Self.impossible {
        guard case .refused(let why) = await Self.refusal({ try await server.enqueue(job) }) else {
          Issue.record("accepted: \(job)")
          continue
        }
        #expect(why.contains(said), "\(why)")
        #expect(!why.contains("\n"))
      }
      for key in ["", String(repeating: "k", count: 256)] {
        #expect(
          await Self.refusal { try await server.enqueue(Self.job { _ in }, key: key) }
            == .refused("a key has 1 to 255 bytes"))
      }
      let notJSON = await Self.refusal { _ = try NewJob("t", in: "q", Double.nan) }
      #expect(notJSON?.description.hasPrefix("t: its arguments cannot be written") == true)
      let listed = try scene.running.ask("GET", "/jobs").text
      #expect(listed == #"{"jobs":[]}"#)
      for id in ["", "zzz", "Not an id"] {
        #expect(await Self.refusal { _ = try await server.job(id) } == .noSuchJob)
        #expect(await Self.refusal { _ = try await server.ending(of: id) } == .noSuchJob)
        #expect(await Self.refusal { try await server.cancelJob(id) } == .noSuchJob)
        #expect(await Self.refusal { _ = try await server.workflow(id) } == .noSuchWorkflow)
        #expect(await Self.refusal { try await server.cancelWorkflow(id) } == .noSuchWorkflow)
      }
    }
  }

  @Test func aServerThatKeepsNoJobsOrDoesNotRunSaysSo() async throws {
    try await ServerUnderTest.run { running in
      let server = running.server
      #expect(await Self.refusal { try await server.enqueue(Self.job { _ in }) } == .jobsOff)
      await server.stop()
      #expect(await Self.refusal { try await server.enqueue(Self.job { _ in }) } == .notRunning)
      #expect(await Self.refusal { _ = try await server.job("1") } == .notRunning)
    }
  }

  @Test func whatIsAcceptedOutlivesTheServer() async throws {
    try await WorkerScene.run { scene in
      let first = scene.running.server
      let id = try await first.enqueue(Self.job { $0.channel = "project:1" }).id
      let waiting = Task { try await first.ending(of: id) }
      let attached = try await Deadline().holds {
        try scene.running.metrics()[#"fanfare_attachments_total{verdict="live"}"#] == 1
      }
      #expect(attached)
      await first.stop()
      // Whoever waits for its end hears that it will not be told here.
      await #expect(throws: JobsError.notRunning) { try await waiting.value }
      let settings = first.settings
      let next = try await ServerUnderTest.start { $0 = settings }
      #expect(try await next.server.job(id).state == .queued)
      #expect(try await next.server.cancelJob(id) == .cancelled)
      await next.stop()
    }
  }

  @Test func aHandlerMayAskForAJobWhileTheServerStops() async throws {
    let known = Locked<FanfareServer?>(nil)
    try await WorkerScene.run(
      { settings, _ in settings.drainWindow = .seconds(5) },
      handlers: { server in
        known.withLock { $0 = server }
        try server.handle(Follower { known.withLock { $0 } }, in: "sync_queue")
      }
    ) { scene in
      let server = scene.running.server
      let job = try await server.enqueue(
        NewJob(for: Follower { nil }, in: "sync_queue", .init()))
      let runs = try await Deadline().holds { try scene.job(job.id).state == "running" }
      #expect(runs)
      await server.stop()
      let settings = server.settings
      let next = try await ServerUnderTest.start { $0 = settings }
      let done = try await next.server.job(job.id)
      #expect(done.state == .succeeded, "\(done.errors)")
      let asked = try #require(try done.result(as: String.self))
      #expect(try await next.server.job(asked).task == "next")
      await next.stop()
    }
    known.withLock { $0 = nil }
  }

  @Test func queuesAndBudgetsAreSetInCode() async throws {
    try await WorkerScene.run { settings, _ in
      settings[queue: "images"] = QueueSettings(prefetch: 1, concurrency: 2)
      settings[queue: "images"]?.runningMax = 3
      settings[queue: "images"]?.lease = .seconds(7)
      settings[queue: "images"]?.retry.cap = .seconds(20)
      settings[queue: "git_queue"] = nil
      settings[budget: "openai"] = RateBudget(requests: .init(amount: 1, per: .seconds(86_400)))
    } _: { scene in
      let server = scene.running.server
      #expect(server.settings[queue: "images"]?.concurrency == 2)
      #expect(server.settings[queue: "nowhere"] == nil)
      let queue = try scene.running.ask("GET", "/queues/images").text
      for limit in [
        #""prefetch":1"#, #""concurrency":2"#, #""lease_seconds":7"#, #""max_running":3"#,
      ] {
        #expect(queue.contains(limit), "\(queue)")
      }
      #expect(try scene.running.ask("GET", "/queues/git_queue").status == 404)
      var job = NewJob("t", in: "images")
      job.rateKey = "openai"
      let jobs = try await server.enqueue([job, job])
      #expect(try JobsOverHTTP(scene.running).leases("images", max: 2).map(\.id) == [jobs[0].id])
      let waits = try await server.job(jobs[1].id).waitingFor
      #expect(waits?.hasPrefix("the budget of openai: ") == true, "\(waits ?? "nothing")")
    }
  }
}
