import FanfareServer
import FanfareTestKit
import Foundation
import Testing

/// Jobs that the program which embeds the server asks for, through a whole server.
@Suite struct EmbeddedJobsTests {
  /// Doubles what it gets, or what the step before it came to.
  private struct Doubler: TaskHandler {
    struct Arguments: Codable, Sendable { var number: Int? }

    let task = "double"

    func run(_ arguments: Arguments, _ context: TaskContext) async throws -> Int {
      context.usage(tokens: 5, cost: 0.25)
      if let number = arguments.number { return 2 * number }
      guard let input: Int = try context.input() else { throw TaskFailure.final("no number") }
      return 2 * input
    }
  }

  private static let queue = "sync_queue"

  private static func double(_ number: Int? = nil) throws -> NewJob {
    try NewJob(for: Doubler(), in: queue, .init(number: number))
  }

  /// Runs `body` with a server that has a handler.
  private func run(
    _ change: (inout Settings) -> Void = { _ in },
    _ body: (FanfareServer, WorkerScene) async throws -> Void
  ) async throws {
    try await WorkerScene.run(
      { settings, _ in change(&settings) }, handlers: { try $0.handle(Doubler(), in: Self.queue) }
    ) { scene in
      try await body(scene.running.server, scene)
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

  // MARK: One job

  @Test func aJobIsDoneAndLookedAt() async throws {
    try await run { server, scene in
      var job = try Self.double(21)
      job.channel = "project:1"
      job.eventTypes = [.succeeded: .agentCompleted]
      let accepted = try await server.enqueue(job)
      #expect(accepted.isNew && accepted.state == .queued)
      let ended = try await server.ending(of: accepted.id)
      #expect(ended.state == .succeeded && ended.waitingFor == nil)
      #expect(try ended.result(as: Int.self) == 42)
      #expect(try ended.arguments(as: Doubler.Arguments.self).number == 21)
      #expect(ended.attempt == 1 && ended.attemptsMax == 25 && ended.failures == 0)
      #expect(ended.usage?.tokens == 5 && ended.usage?.cost == 0.25)
      #expect(ended.usage?.duration == nil)
      let started = try #require(ended.started)
      let finished = try #require(ended.finished)
      #expect(ended.created <= started && started <= finished && ended.nextAt == nil)
      // One that is over already is there at once.
      #expect(try await server.ending(of: accepted.id) == ended)
      let published = try await Deadline().holds {
        try scene.types(in: "project:1").last == "agent_completed"
      }
      #expect(published)
      let types = try scene.types(in: "project:1")
      #expect(types == ["job_queued", "job_started", "agent_completed"])
    }
  }

  @Test func everyOptionArrives() async throws {
    try await run { server, scene in
      var job = NewJob("deploy", in: "cicd_queue", json: #"{"b": 9007199254740993,"a":[]}"#)
      job.uniqueKey = "deploy-42"
      job.uniqueFor = .seconds(3600)
      job.start = .after(.milliseconds(3_600_500))
      job.priority = -7
      job.attempts = 3
      job.timeout = .milliseconds(90_500)
      job.rateKey = "openai"
      job.cost = 1_800
      let accepted = try await server.enqueue(job)
      #expect(accepted.state == .scheduled)
      let body = try scene.text(accepted.id)
      for member in [
        #""queue":"cicd_queue""#, #""task":"deploy""#, #""key":"deploy-42""#, #""priority":-7"#,
        #""args":{"b": 9007199254740993,"a":[]}"#, #""attempts":3"#, #""timeout":90.5"#,
        #""rate_key":"openai""#, #""cost":1800"#,
      ] {
        #expect(body.contains(member), "\(member): \(body)")
      }
      let seen = try await server.job(accepted.id)
      let delay = try #require(seen.nextAt).timeIntervalSince(seen.created)
      #expect(abs(delay - 3_600.5) < 0.01)
      #expect(seen.waitingFor?.hasPrefix("its time: ") == true)
      // Its key is taken, also when it is over: for an hour.
      let again = try await server.enqueue(job)
      #expect(again.id == accepted.id && !again.isNew)
      try await server.cancelJob(accepted.id)
      #expect(try await server.enqueue(job).state == .cancelled)
      var fixed = NewJob("t", in: "cicd_queue")
      fixed.start = .at(Date(timeIntervalSince1970: 4_102_444_800.25))
      let at = try await server.job(try await server.enqueue(fixed).id).nextAt
      #expect(at == Date(timeIntervalSince1970: 4_102_444_800.25))
    }
  }

  @Test func aJobIsCancelledAndRetried() async throws {
    try await run { server, _ in
      let id = try await server.enqueue(NewJob("plan", in: "agent_queue")).id
      #expect(await Self.refusal { try await server.retryJob(id) } == .notOver(.queued))
      let waiting = Task { try await server.ending(of: id) }
      #expect(try await server.cancelJob(id) == .cancelled)
      #expect(try await waiting.value.state == .cancelled)
      #expect(await Self.refusal { try await server.cancelJob(id) } == .over(.cancelled))
      #expect(try await server.retryJob(id, with: ["issue": 7]) == .queued)
      #expect(try await server.job(id).arguments() == ["issue": 7])
      #expect(try await server.cancelJob(id) == .cancelled)
      #expect(try await server.retryJob(id) == .queued)
      #expect(try await server.job(id).arguments() == ["issue": 7])
      // Whoever waits no longer is let go.
      let late = Task { try await server.ending(of: id) }
      late.cancel()
      await #expect(throws: CancellationError.self) { try await late.value }
      let dead = try await server.enqueue(try Self.double()).id
      let ended = try await server.ending(of: dead)
      #expect(ended.state == .dead(.failed) && ended.errors.map(\.text) == ["no number"])
    }
  }

  // MARK: Many

  @Test func manyAreMadeInOneCallOrNone() async throws {
    try await run { server, scene in
      var jobs = try (1...30).map { try Self.double($0) }
      jobs += (1...10).map { NewJob("plan", in: "agent_queue", json: "\($0)") }
      let made = try await server.enqueue(jobs)
      #expect(made.count == 40 && Set(made.map(\.id)).count == 40)
      for (number, job) in zip(1...30, made) {
        #expect(try await server.ending(of: job.id).result(as: Int.self) == 2 * number)
      }
      #expect(try await server.job(made[39].id).argumentsJSON == Array("10".utf8))
      #expect(try await server.enqueue([]).isEmpty)
      let before = try scene.running.ask("GET", "/jobs?limit=1000&fields=id").text
      var bad = jobs
      bad[7].priority = 101
      let refusal = await Self.refusal { try await server.enqueue(bad) }
      #expect(
        refusal == .refused("Job 8: Give priority as a whole number from -100 to 100."))
      let many = [NewJob](repeating: jobs[0], count: 1_001)
      #expect(
        await Self.refusal { try await server.enqueue(many) }
          == .refused("enqueue at most 1000 jobs in one call"))
      let large = NewJob(
        "plan", in: "agent_queue", json: "\"\(String(repeating: "x", count: 200_000))\"")
      let heavy = [NewJob](repeating: large, count: 6)
      #expect(
        await Self.refusal { try await server.enqueue(heavy) }?.description
          .hasPrefix("jobs of one call have at most 1048576 bytes") == true)
      #expect(try scene.running.ask("GET", "/jobs?limit=1000&fields=id").text == before)
    }
  }

  @Test func aRepeatedCallMakesNothing() async throws {
    try await run { server, _ in
      // A dictionary has another order in every value.
      func job() throws -> NewJob {
        let names = Dictionary(uniqueKeysWithValues: (1...20).map { ("k\($0)", $0) })
        return try NewJob("plan", in: "agent_queue", names)
      }
      let first = try await server.enqueue(try job(), key: "k")
      for _ in 0..<5 {
        #expect(try await server.enqueue(try job(), key: "k").id == first.id)
      }
      #expect(try await server.enqueue(try job(), key: "l").id != first.id)
      #expect(try await server.enqueue(try job()).id != first.id)
      var other = try job()
      other.priority = 1
      #expect(await Self.refusal { try await server.enqueue(other, key: "k") } == .keyReused)
      let steps = [try job(), try job()]
      let workflow = try await server.startWorkflow(steps, key: "k")
      #expect(try await server.startWorkflow(steps, key: "k").id == workflow.id)
      let reversed = await Self.refusal {
        try await server.startWorkflow([try job()], key: "k")
      }
      #expect(reversed == .keyReused)
    }
  }

  // MARK: Workflows

  @Test func aWorkflowHandsResultsOn() async throws {
    try await run { server, scene in
      let made = try await server.startWorkflow(
        [try Self.double(3), try Self.double(), try Self.double()], channel: "project:7")
      #expect(made.state == .running && made.steps.map(\.task) == ["double", "double", "double"])
      let last = try #require(made.steps.last)
      let ended = try await server.ending(of: last.job)
      #expect(try ended.result(as: Int.self) == 24)
      #expect(ended.step?.workflow == made.id && ended.step?.number == 3)
      #expect(ended.channel == "project:7")
      let whole = try await server.workflow(made.id)
      #expect(whole.state == .succeeded && whole.stepsDone == 3)
      #expect(whole.usage.tokens == 15 && whole.usage.cost == 0.75)
      #expect(try #require(whole.finished) >= whole.created)
      var slow = NewJob("plan", in: "agent_queue")
      let stopped = try await server.startWorkflow([slow, slow])
      try await server.cancelWorkflow(stopped.id)
      #expect(try await server.workflow(stopped.id).state == .cancelled)
      let (first, second) = (stopped.steps[0].job, stopped.steps[1].job)
      #expect(try await server.job(second).state == .cancelled)
      #expect(await Self.refusal { try await server.retryJob(second) } == .stepBefore(id: first))
      #expect(try await server.retryJob(first) == .queued)
      #expect(try await server.job(second).state == .waiting)
      slow.start = .after(.seconds(1))
      let refused = await Self.refusal {
        try await server.startWorkflow([try Self.double(1), slow])
      }
      #expect(refused?.description.hasPrefix("Step 2: it begins when") == true)
      #expect(
        await Self.refusal { try await server.startWorkflow([]) }
          == .refused("a workflow has 1 to 100 steps"))
    }
  }
}
