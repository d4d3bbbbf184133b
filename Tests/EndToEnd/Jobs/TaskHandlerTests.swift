import FanfareActors
import FanfareRuntime
import FanfareServer
import FanfareTestKit
import Testing

/// Jobs that Swift code of the same process does, through a whole server.
@Suite struct TaskHandlerTests {
  /// Does what its arguments say.
  private struct Player: TaskHandler {
    struct Arguments: Decodable, Sendable {
      var waits: Bool?
      var does: String?
      var text: String?
    }

    struct Result: Encodable, Sendable {
      let text: String
      let attempt: Int
      let input: String?
      let checkpoint: Int?
    }

    struct Trouble: Error, CustomStringConvertible { let description: String }

    let task = "play"
    let running = Locked(0)
    let peak = Locked(0)
    /// Handlers that were told to stop.
    let stopped = Locked(0)
    /// Lets those go on that wait for it.
    let release = Locked(false)
    /// Lets those return that hear nothing else.
    let wakesTheDeaf = Locked(false)
    /// Those who meet: each goes on when three are there.
    let met = Locked(0)

    func run(_ arguments: Arguments, _ context: TaskContext) async throws -> Result {
      let now = running.withLock { running in
        running += 1
        return running
      }
      peak.withLock { $0 = max($0, now) }
      defer { running.withLock { $0 -= 1 } }
      let checkpoint: Int? = try context.checkpoint()
      try await context.checkpoint((checkpoint ?? 0) + 1)
      context.progress(1, of: 2, message: "began")
      context.log("began")
      switch arguments.does {
      case "final": throw TaskFailure.final("never")
      case "limited": throw TaskFailure.rateLimited(retryAfter: .milliseconds(50))
      case "once" where context.attempt == 1:
        throw TaskFailure.failed("once", retryAfter: .milliseconds(10))
      case "always": throw Trouble(description: "trouble")
      case "deaf":
        while !wakesTheDeaf.withLock({ $0 }) { await Task { try? await Self.nap() }.value }
      case "meet":
        let round = met.withLock { met in
          met += 1
          return (met + 2) / 3
        }
        while met.withLock({ $0 }) < 3 * round { try await Self.nap() }
      case "talk":
        var step = 0.0
        while !release.withLock({ $0 }) {
          step += 1
          context.progress(step)
          try await Task.sleep(for: .milliseconds(1))
        }
      default: break
      }
      do {
        while arguments.waits == true, !release.withLock({ $0 }) { try await Self.nap() }
        while arguments.does == "stubborn" { try await Self.nap() }
      } catch {
        #expect(context.isCancelled)
        stopped.withLock { $0 += 1 }
        throw error
      }
      context.usage(tokens: 5, cost: 0.25)
      return Result(
        text: arguments.text ?? "", attempt: context.attempt, input: try context.input(),
        checkpoint: checkpoint)
    }

    private static func nap() async throws { try await Task.sleep(for: .milliseconds(10)) }
  }

  private func play(
    _ change: (inout Settings) -> Void = { _ in },
    _ body: (WorkerScene, Player) async throws -> Void
  ) async throws {
    let player = Player()
    try await WorkerScene.run(
      { settings, _ in
        // Heartbeats are soon, and a lease lasts on a machine that is busy.
        settings.queues[QueueName(checked: "sync_queue")]?.lease = .seconds(6)
        settings.queues[QueueName(checked: "sync_queue")]?.retry.base = .milliseconds(20)
        change(&settings)
      }, handlers: { try $0.handle(player, in: "sync_queue") }
    ) { scene in
      try await body(scene, player)
      player.release.withLock { $0 = true }
      player.wakesTheDeaf.withLock { $0 = true }
    }
  }

  @Test func doesJobsWithTypedArgumentsAndResults() async throws {
    try await play { scene, _ in
      let id = try scene.enqueue(#"{"task":"play","args":{"text":"é \"x\""}}"#)
      let job = try await scene.job(id, becomes: "succeeded")
      let whole = try scene.text(id)
      #expect(job.progress == .init(current: 1, total: 2, message: "began"), "\(whole)")
      #expect(whole.contains(#""attempt":1"#) && whole.contains(#""text":"é \"x\"""#), "\(whole)")
      #expect(whole.contains(#""usage":{"tokens":5,"cost":0.25}"#))
      #expect(whole.contains(#""checkpoint":1"#))
      #expect(try scene.log(id) == "began\n")
      let bad = try scene.enqueue(#"{"task":"play","args":{"text":5}}"#)
      let dead = try await scene.job(bad, becomes: "dead")
      #expect(dead.error?.hasPrefix("its args are not what the task takes") == true)
    }
  }

  @Test func failuresSayWhatFollows() async throws {
    try await play { scene, _ in
      let final = try scene.enqueue(#"{"task":"play","args":{"does":"final"}}"#)
      let dead = try await scene.job(final, becomes: "dead")
      #expect(dead.error == "never" && dead.reason == "failed" && dead.failures == 1)
      let once = try scene.enqueue(#"{"task":"play","args":{"does":"once"}}"#)
      let done = try await scene.job(once, becomes: "succeeded")
      #expect(done.failures == 1 && done.attempt == 2)
      // What the first attempt kept, the second found.
      #expect(try scene.text(once).contains(#""checkpoint":2"#))
      let always = try scene.enqueue(#"{"task":"play","args":{"does":"always"},"attempts":2}"#)
      let given = try await scene.job(always, becomes: "dead")
      #expect(given.reason == "attempts" && given.errors.map(\.error) == ["trouble", "trouble"])
      let limited = try scene.enqueue(#"{"task":"play","args":{"does":"limited"}}"#)
      let seen = try await Deadline().holds { try scene.job(limited).releases >= 2 }
      #expect(seen)
      #expect(try scene.job(limited).failures == 0)
      #expect([202, 409].contains(try scene.cancel(limited)))
    }
  }

  @Test func runsAsManyAtOnceAsTheQueueSays() async throws {
    try await play({ settings in
      settings.queues[QueueName(checked: "sync_queue")]?.concurrency = 3
    }) { scene, player in
      let ids = try (0..<12).map { _ in
        try scene.enqueue(#"{"task":"play","args":{"does":"meet"}}"#)
      }
      for id in ids { #expect(try await scene.job(id, becomes: "succeeded").state == "succeeded") }
      #expect(player.peak.withLock { $0 } == 3)
    }
  }

  @Test func stopsWhenItsJobIsCancelled() async throws {
    try await play { scene, player in
      let id = try scene.enqueue(#"{"task":"play","args":{"waits":true}}"#)
      _ = try await scene.job(id, becomes: "running")
      #expect(try scene.cancel(id) == 202)
      #expect(try await scene.job(id, becomes: "cancelled").state == "cancelled")
      #expect(player.stopped.withLock { $0 } == 1)
    }
  }

  /// However fast it talks, and however long the store takes meanwhile.
  @Test func whatAHandlerSaysArrivesWhileItRuns() async throws {
    try await play { scene, player in
      let id = try scene.enqueue(#"{"task":"play","args":{"does":"talk"}}"#)
      var seen: Set<Double> = []
      let arrives = try await Deadline(.seconds(60)).holds {
        if let progress = try scene.job(id).progress { seen.insert(progress.current) }
        return seen.count >= 6
      }
      #expect(arrives, "\(seen.sorted())")
      player.release.withLock { $0 = true }
      #expect(try await scene.job(id, becomes: "succeeded").attempt == 1)
    }
  }

  /// Its job ends without it; it is seen until it returns.
  @Test func aDeafHandlerIsWaitedForNoLonger() async throws {
    try await play { scene, player in
      let id = try scene.enqueue(#"{"task":"play","args":{"does":"deaf"}}"#)
      #expect(await Deadline().holds { player.running.withLock { $0 } == 1 })
      func abandoned() throws -> Double? {
        try scene.running.metrics()["fanfare_abandoned_handlers"]
      }
      #expect(try abandoned() == 0)
      #expect(try scene.cancel(id) == 202)
      let isOver = try await Deadline(.seconds(60)).holds { try scene.job(id).state == "cancelled" }
      #expect(isOver, scene.words(id))
      #expect(try abandoned() == 1)
      player.wakesTheDeaf.withLock { $0 = true }
      #expect(try await Deadline().holds { try abandoned() == 0 })
    }
  }

  @Test func aServerThatEndsWaitsForAWhileAndGivesTheRestBack() async throws {
    try await play({ $0.drainWindow = .seconds(4) }) { scene, player in
      let short = try scene.enqueue(#"{"task":"play","args":{"waits":true}}"#)
      let deaf = try scene.enqueue(#"{"task":"play","args":{"does":"deaf"}}"#)
      let stubborn = try scene.enqueue(#"{"task":"play","args":{"does":"stubborn"}}"#)
      #expect(await Deadline().holds { player.running.withLock { $0 } == 3 })
      let late = try scene.enqueue(#"{"task":"play","delay":1}"#)
      let start = ContinuousClock.now
      let running = scene.running
      let stopping = Task { await running.stop() }
      // Once nobody is let in any more, it waits for those that run.
      let isEnding = await Deadline().holds {
        (try? running.ask("GET", "/readyz"))?.status != 200
      }
      #expect(isEnding)
      player.release.withLock { $0 = true }
      await stopping.value
      // Those that do not hear are not waited for.
      #expect(ContinuousClock.now - start < .seconds(60))
      #expect(player.stopped.withLock { $0 } == 1)
      var settings = running.server.settings
      settings.tasks = [:]
      let kept = settings
      let next = try await ServerUnderTest.start { $0 = kept }
      let again = WorkerScene(running: next, folder: scene.folder)
      #expect(try again.job(short).state == "succeeded")
      for id in [deaf, stubborn] {
        let job = try again.job(id)
        #expect(job.state == "queued" && job.releases == 1, again.words(id))
        #expect(job.crashes == 0 && job.failures == 0)
      }
      #expect(["scheduled", "queued"].contains(try again.job(late).state))
      await next.stop()
    }
  }

  @Test func whatCannotBeHandledIsSaid() async throws {
    let server = try FanfareServer(Settings(), logger: CapturedLog().logger)
    try server.handle(Player(), in: "sync_queue")
    try server.handle(Player(), in: "git_queue")
    for queue in ["sync_queue", "no_queue", "a b"] {
      #expect(throws: ServerError.self) { try server.handle(Player(), in: queue) }
    }
  }
}
