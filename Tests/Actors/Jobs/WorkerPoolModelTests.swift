import FanfareRuntime
import Testing

@testable import FanfareActors
@testable import FanfareTestKit

/// A pool over the model of a store, in seeded worlds: budgets fill, retries come due, leases are
/// lost, queues are paused, and nobody waits for what he could have.
@Suite struct WorkerPoolModelTests {
  private struct Feed: JobStoreFeed {
    let pool: WorkerPool

    func stored(_ news: JobNews) {
      if news.readyQueues.contains(pool.queue) { pool.ready() }
    }
  }

  struct World {
    static let queue = QueueName(checked: "q")
    static let keys = [nil, RateKey(checked: "k"), RateKey(checked: "l")]

    let simulation: Simulation
    let store: JobStoreModel
    let pool: WorkerPool
    let workers: [PoolWorker]

    init(seed: UInt64) {
      let simulation = Simulation(seed: seed, loops: 2, jobsPerTurn: seed % 2 == 0 ? 1 : 256)
      var queue = QueueSettings(prefetch: 1, concurrency: Int(seed % 3) + 1)
      queue.runningMax = seed % 5 == 0 ? 5 : nil
      queue.lease = .milliseconds(700)
      queue.retry = RetryPlan(base: .milliseconds(100), cap: .milliseconds(400))
      let settings = JobStoreSettings(
        queues: [Self.queue: queue],
        budgets: [
          RateKey(checked: "k"): RateBudget(
            requests: .init(amount: 4, per: .seconds(1)),
            tokens: .init(amount: 90, per: .seconds(1)))
        ], retention: .milliseconds(300), events: PlainJobEvents(), limits: Limits())
      let store = JobStoreModel(settings, on: simulation.loops[1])
      let pool = WorkerPool(
        queue: Self.queue, settings: queue, store: store, loop: simulation.loops[0])
      let abilities: [[String]?] = [nil, ["a"], ["b"], ["a", "c"]]
      workers = (0..<8).map { number in
        // Now and then several ask under one name.
        let name = "w\(seed % 4 == 3 ? number / 3 : number)"
        return PoolWorker(name, tasks: abilities[number % 4], pool, store) { claim, chance in
          Self.ending(claim, chance)
        }
      }
      self.simulation = simulation
      self.store = store
      self.pool = pool
      store.connect(to: Feed(pool: pool))
      simulation.on(pool.loop) {
        pool.assumeIsolated { pool in _ = Task { try? await pool.open(store) } }
      }
      settle()
    }

    private static func ending(_ claim: LeaseClaim, _ chance: Int) -> JobCommand? {
      switch chance {
      case 0..<50: return .succeed(claim, result: nil, nil)
      case 50..<65: return .release(claim)
      case 65..<80: return .fail(claim, JobFailure(error: "no"))
      case 80..<90:
        var failure = JobFailure(error: "slower")
        failure.isRateLimited = true
        failure.retryAfter = .milliseconds(300)
        return .fail(claim, failure)
      default: return nil
      }
    }

    func chance(_ times: Int, in total: Int) -> Bool { simulation.chance(times, in: total) }
    func number(_ range: ClosedRange<Int>) -> Int { simulation.number(in: range) }

    func ask(_ command: JobCommand) {
      simulation.on(pool.loop) {
        pool.assumeIsolated { pool in _ = Task { await pool.ask(store, command) } }
      }
    }

    func of<Value: Sendable>(
      _ worker: PoolWorker, _ body: (isolated PoolWorker) -> Value
    ) -> Value {
      simulation.on(worker.loop) { worker.assumeIsolated(body) }
    }

    func run(for duration: Duration) {
      let end = simulation.now + duration
      let alarm = Alarm(on: pool.loop)
      simulation.on(pool.loop) { _ = pool.loop.schedule(at: end, alarm) }
      while simulation.now < end, simulation.step() {}
    }

    /// Whatever can happen without waiting has happened.
    func settle() { while simulation.step(jumps: false) {} }

    /// Jobs that are there.
    var count: Int { simulation.on(simulation.loops[1]) { store.durable?.pages.count ?? 0 } }

    /// What `worker` would get if it asked now.
    func missed(by worker: PoolWorker) -> JobID? {
      let loop = simulation.loops[1]
      return simulation.on(loop) {
        var book = store.durable
        let answer = book?.perform(
          .lease(Self.queue, worker.name, tasks: worker.tasks, max: 1), at: JobMoment(of: loop))
        guard case .success(.leased(let jobs, _)) = answer else { return nil }
        return jobs.first?.job.id
      }
    }
  }

  @Test(arguments: 1...12 as ClosedRange<UInt64>)
  func nobodyWaitsForWhatHeCouldHave(seed: UInt64) {
    let world = World(seed: seed)
    for worker in world.workers { world.simulation.on(worker.loop) { worker.work() } }
    for _ in 0..<100 {
      world.ask(command(world))
      if world.chance(1, in: 8) {
        let leaver = world.workers[world.number(0...7)]
        world.simulation.on(leaver.loop) { leaver.goAway() }
      }
      world.run(for: .milliseconds(world.number(1...60)))
      if world.chance(1, in: 3) { check(world) }
    }
    let got = world.workers.map { worker in world.of(worker) { $0.got.reduce(0, +) } }
    #expect(got.reduce(0, +) > 30, "\(got)")
  }

  private func command(_ world: World) -> JobCommand {
    switch world.number(0...19) {
    case 0: return .pause(World.queue)
    case 1...4: return .resume(World.queue)
    // A model is slow where there is much.
    case 5... where world.count > 20: return .resume(World.queue)
    default:
      let task = ["a", "b", "c"][world.number(0...2)]
      var draft = JobDraft(queue: World.queue, task: TaskName(checked: task), arguments: [])
      draft.priority = world.number(-1...1)
      draft.rateKey = World.keys[world.number(0...2)]
      draft.cost = world.number(0...40)
      if world.chance(1, in: 4) { draft.start = .after(.milliseconds(world.number(1...300))) }
      return .enqueue([draft], nil)
    }
  }

  private func check(_ world: World) {
    world.settle()
    for worker in world.workers where world.of(worker, { $0.isAsking }) {
      guard let missed = world.missed(by: worker) else { continue }
      // It may have become ready at this very moment.
      world.run(for: .milliseconds(3))
      world.settle()
      guard world.of(worker, { $0.isAsking }) else { continue }
      #expect(world.missed(by: worker) != missed, "\(worker.name) waits, and \(missed) does")
    }
  }
}

extension WorkerPool {
  /// From where the loops of a simulation are not left.
  fileprivate func open(_ store: JobStoreModel) async throws { try await store.start() }

  fileprivate func ask(_ store: JobStoreModel, _ command: JobCommand) async {
    _ = try? await store.perform(command, on: loop)
  }
}
