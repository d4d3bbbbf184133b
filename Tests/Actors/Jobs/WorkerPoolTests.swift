import FanfareRuntime
import FanfareTestKit
import Testing

@testable import FanfareActors

/// A pool over a store that answers late, in seeded worlds.
@Suite struct WorkerPoolTests {
  struct World {
    static let waitingMax = 300

    let simulation: Simulation
    let store: LeasingDouble
    let pool: WorkerPool

    init(seed: UInt64, leasesPerWorkerMax: Int = .max, jobsPerTurn: Int = 256) {
      simulation = Simulation(seed: seed, loops: 2, jobsPerTurn: jobsPerTurn)
      let store = LeasingDouble(
        on: simulation.loops[1], for: simulation.loops[0], leasesPerWorkerMax: leasesPerWorkerMax)
      let pool = WorkerPool(
        queue: QueueName(checked: "q"), settings: QueueSettings(), store: store,
        waitingMax: Self.waitingMax, loop: simulation.loops[0])
      store.pool.withLock { $0 = pool }
      simulation.on(pool.loop) { store.door.get.start() }
      self.store = store
      self.pool = pool
    }

    func onPool<Value: Sendable>(_ body: (isolated WorkerPool) -> Value) -> Value {
      simulation.on(pool.loop) { pool.assumeIsolated(body) }
    }

    func onStore<Value: Sendable>(_ body: (isolated LeasingDouble) -> Value) -> Value {
      simulation.on(store.loop) { store.assumeIsolated(body) }
    }

    func of<Value: Sendable>(
      _ worker: PoolWorker, _ body: (isolated PoolWorker) -> Value
    ) -> Value {
      simulation.on(worker.loop) { worker.assumeIsolated(body) }
    }

    func enqueue(_ task: String = "a") { onStore { $0.enqueue(task) } }

    func run(for duration: Duration) {
      let end = simulation.now + duration
      let sleeper = Alarm(on: pool.loop)
      simulation.on(pool.loop) { _ = pool.loop.schedule(at: end, sleeper) }
      while simulation.now < end, simulation.step() {}
    }

    /// Whatever can happen without waiting has happened, and the store owes no answer.
    func settle() { _ = run { onStore { $0.pending == 0 } } }

    /// Goes on until `condition` holds and nothing is left to do without waiting. A look at an
    /// actor is a turn of its loop, which must not keep the clock from jumping.
    func run(until condition: () -> Bool) -> Bool {
      for _ in 0..<10_000 {
        while simulation.step(jumps: false) {}
        if condition() { return true }
        while simulation.step(jumps: false) {}
        if !simulation.step() { return condition() }
      }
      return false
    }
  }

  private static func drain(_ world: World) -> Locked<Bool> {
    let isDone = Locked(false)
    _ = world.onPool { pool in
      Task {
        await pool.drain()
        isDone.withLock { $0 = true }
      }
    }
    return isDone
  }

  @Test func whoAsksInVainHasTheNextJobAtOnce() {
    let world = World(seed: 1)
    let worker = PoolWorker("w", world.pool, world.store)
    world.simulation.on(worker.loop) { worker.ask(max: 10, wait: .seconds(60)) }
    world.settle()
    #expect(world.of(worker) { $0.isAsking })
    let start = world.simulation.now
    world.enqueue()
    world.settle()
    #expect(world.of(worker) { $0.got } == [1])
    #expect(world.simulation.now - start < .milliseconds(80))
  }

  @Test func aWaitEndsInTime() {
    let world = World(seed: 2)
    let (patient, hasty) = (
      PoolWorker("patient", world.pool, world.store), PoolWorker("hasty", world.pool, world.store)
    )
    let start = world.simulation.now
    world.simulation.on(world.pool.loop) {
      patient.ask(max: 1, wait: .seconds(5))
      hasty.ask(max: 1, wait: .zero)
    }
    world.settle()
    #expect(world.of(hasty) { $0.got } == [0])
    #expect(world.of(patient) { $0.isAsking })
    #expect(world.run { world.of(patient) { !$0.isAsking } })
    #expect(world.of(patient) { $0.got } == [0])
    let waited = world.simulation.now - start
    #expect(waited >= .seconds(5) && waited < .milliseconds(5_100), "\(waited)")
    // Who does not wait is served all the same.
    world.enqueue()
    world.simulation.on(world.pool.loop) { hasty.ask(max: 1, wait: .zero) }
    world.settle()
    #expect(world.of(hasty) { $0.got } == [0, 1])
  }

  /// Jobs come one by one and in bursts, while earlier answers are under way.
  @Test(arguments: 1...40) func firstComeFirstServed(seed: UInt64) {
    let world = World(seed: seed)
    let workers = (0..<20).map { PoolWorker("w\($0)", world.pool, world.store) }
    for worker in workers {
      world.simulation.on(worker.loop) { worker.ask(max: 1, wait: .seconds(3_600)) }
      if world.simulation.chance(1, in: 2) { world.run(for: .milliseconds(5)) }
    }
    world.settle()
    for number in 0..<20 {
      // A release is a word of the store, too, when there is nothing to be had.
      if world.simulation.chance(1, in: 3) { world.pool.ready() }
      world.enqueue()
      if world.simulation.chance(1, in: 2) {
        world.run(for: .milliseconds(world.simulation.number(in: 1...50)))
      }
      if number == 10 { world.settle() }
    }
    world.settle()
    #expect(world.onStore { $0.grants } == workers.map(\.name))
    #expect(workers.allSatisfy { worker in world.of(worker) { $0.got } == [1] })
  }

  /// Random workers and jobs: as soon as the world is quiet, nobody waits for what is there.
  @Test(arguments: 1...60) func noJobIsWithoutAWorkerWhileOneWaits(seed: UInt64) {
    let bound = Int(seed % 3) + 1
    let world = World(
      seed: seed, leasesPerWorkerMax: bound, jobsPerTurn: seed % 2 == 0 ? 1 : 256)
    let abilities: [[String]?] = [nil, ["a"], ["b"], ["a", "c"]]
    let workers = (0..<8).map { number in
      // Now and then several ask under one name.
      let name = "w\(seed % 4 == 0 ? number / 3 : number)"
      return PoolWorker(name, tasks: abilities[number % 4], world.pool, world.store)
    }
    for worker in workers { world.simulation.on(worker.loop) { worker.work() } }
    for _ in 0..<150 {
      world.enqueue(["a", "b", "c"][world.simulation.number(in: 0...2)])
      if world.simulation.chance(1, in: 5) {
        let leaver = workers[world.simulation.number(in: 0...7)]
        world.simulation.on(leaver.loop) { leaver.goAway() }
      }
      world.run(for: .milliseconds(world.simulation.number(in: 1...30)))
      for worker in workers {
        let most = world.of(worker) { $0.held.count }
        #expect(most <= min(bound, 4))
      }
      guard world.simulation.chance(1, in: 4) else { continue }
      world.settle()
      checkNobodyWaitsInVain(world, workers)
    }
    for worker in workers { world.simulation.on(worker.loop) { worker.stop() } }
    let areDone = world.run {
      workers.allSatisfy { worker in world.of(worker) { $0.isDone } }
    }
    #expect(areDone)
    world.settle()
    // What had been leased for those who went was given back.
    #expect(world.onStore { $0.running.count } == 0)
    #expect(world.onPool { $0.waitingCount } == 0)
  }

  private func checkNobodyWaitsInVain(_ world: World, _ workers: [PoolWorker]) {
    let queued = world.onStore { $0.queued }
    for worker in workers where world.of(worker, { $0.isAsking }) {
      guard world.onStore({ $0.room(of: worker.name) }) > 0 else { continue }
      let missed = queued.filter { worker.tasks?.contains($0.task) ?? true }
      #expect(missed.isEmpty, "\(worker.name) waits, and \(missed.map(\.id)) do")
    }
  }

  @Test(arguments: 1...40) func nothingIsHandedOutOnceItIsDrained(seed: UInt64) {
    let world = World(seed: seed, jobsPerTurn: seed % 2 == 0 ? 1 : 256)
    let workers = (0..<6).map { PoolWorker("w\($0)", world.pool, world.store) }
    for worker in workers {
      world.simulation.on(worker.loop) { worker.ask(max: 2, wait: .seconds(60)) }
    }
    world.run(for: .milliseconds(world.simulation.number(in: 0...60)))
    for _ in 0..<4 { world.enqueue() }
    world.run(for: .milliseconds(world.simulation.number(in: 0...60)))
    let before = workers.map { worker in world.of(worker) { $0.held.count } }
    let isDone = Self.drain(world)
    #expect(world.run { isDone.withLock { $0 } })
    let grants = world.onStore { $0.grants.count }
    #expect(world.onStore { $0.running.count } == before.reduce(0, +), "given back by then")
    #expect(workers.allSatisfy { worker in world.of(worker) { !$0.isAsking } })
    #expect(workers.map { worker in world.of(worker) { $0.held.count } } == before)
    world.enqueue()
    world.simulation.on(world.pool.loop) { workers[0].ask(max: 1, wait: .seconds(60)) }
    world.settle()
    #expect(world.onStore { $0.grants.count } == grants)
    #expect(world.of(workers[0]) { !$0.isAsking })
  }

  @Test func aStoreThatRefusesIsToldAndForgotten() {
    let world = World(seed: 3)
    let worker = PoolWorker("w", world.pool, world.store)
    world.onStore { $0.breakDown(true) }
    world.simulation.on(worker.loop) { worker.ask(max: 1, wait: .seconds(60)) }
    world.settle()
    #expect(world.of(worker) { $0.refusals } == 1)
    world.onStore { $0.breakDown(false) }
    world.enqueue()
    world.simulation.on(worker.loop) { worker.ask(max: 1, wait: .seconds(60)) }
    world.settle()
    #expect(world.of(worker) { $0.got } == [1])
  }

  @Test func thoseWhoWaitAreBounded() {
    let world = World(seed: 4)
    let workers = (0...World.waitingMax).map {
      PoolWorker("w\($0)", world.pool, world.store)
    }
    for worker in workers {
      world.simulation.on(worker.loop) { worker.ask(max: 1, wait: .seconds(60)) }
    }
    world.settle()
    #expect(world.onPool { $0.waitingCount } == World.waitingMax)
    #expect(workers.count { worker in world.of(worker) { $0.refusals } == 1 } == 1)
    #expect(world.of(workers[World.waitingMax]) { $0.refusals } == 1)
    // Each has asked once, however many came in its round.
    #expect(world.onStore { $0.asked } == World.waitingMax)
  }
}
