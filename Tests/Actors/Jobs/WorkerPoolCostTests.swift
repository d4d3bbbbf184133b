import FanfareRuntime
import Testing

@testable import FanfareActors

/// What a job costs a store, however many workers wait for one.
@Suite struct WorkerPoolCostTests {
  typealias World = WorkerPoolTests.World

  /// Workers that have asked in vain, and wait.
  private static func wait(
    _ world: World, _ count: Int, tasks: (Int) -> [String]? = { _ in nil },
    name: (Int) -> String = { "w\($0)" }
  ) -> [PoolWorker] {
    let workers = (0..<count).map {
      PoolWorker(name($0), tasks: tasks($0), world.pool, world.store)
    }
    world.simulation.on(world.pool.loop) {
      for worker in workers { worker.ask(max: 1, wait: .seconds(3_600)) }
    }
    world.settle()
    return workers
  }

  /// What the store is asked until all is quiet again.
  private static func cost(_ world: World, _ body: () -> Void) -> Int {
    let before = world.onStore { $0.asked }
    body()
    world.settle()
    return world.onStore { $0.asked } - before
  }

  private static func served(_ world: World, _ workers: [PoolWorker]) -> [Int] {
    workers.indices.filter { index in world.of(workers[index]) { $0.got } == [1] }
  }

  @Test(arguments: [1, 10, 300]) func oneJobCostsOneQuestionWhateverWaits(count: Int) {
    let world = World(seed: 11)
    let workers = Self.wait(world, count)
    #expect(Self.cost(world) { world.enqueue() } == 1)
    #expect(Self.served(world, workers) == [0])
    // A word of the store when there is nothing.
    #expect(Self.cost(world) { world.pool.ready() } <= 1)
  }

  @Test func jobsThatComeTogetherCostOneQuestionEachAndAreHandedOutTogether() {
    let world = World(seed: 12)
    let workers = Self.wait(world, 300)
    let start = world.simulation.now
    #expect(Self.cost(world) { world.onStore { s in for _ in 0..<200 { s.enqueue("a") } } } == 200)
    #expect(Self.served(world, workers) == Array(0..<200))
    // Five rounds, of which each takes at most 40 ms.
    #expect(world.simulation.now - start < .milliseconds(250))
  }

  @Test func jobsThatNobodyCanDoCostNobodyMuch() {
    let world = World(seed: 13)
    let workers = Self.wait(world, 300, tasks: { [$0 % 2 == 0 ? "a" : "b"] })
    #expect(Self.cost(world) { for _ in 0..<20 { world.enqueue("c") } } <= 40)
    #expect(Self.cost(world) { world.enqueue("b") } <= 6)
    #expect(Self.served(world, workers) == [1])
    #expect(Self.cost(world) { world.enqueue("a") } <= 6)
    #expect(Self.served(world, workers) == [0, 1])
  }

  @Test func aWorkerAtItsBoundKeepsNobodyWaiting() {
    let world = World(seed: 14, leasesPerWorkerMax: 1)
    let workers = Self.wait(world, 200, name: { $0 < 199 ? "full" : "free" })
    #expect(Self.cost(world) { world.enqueue() } == 1)
    #expect(Self.served(world, workers) == [0])
    #expect(Self.cost(world) { world.enqueue() } <= 6)
    #expect(Self.served(world, workers) == [0, 199])
  }

  @Test func theOnlyOneWhoCanIsFoundSoonWhereverItStands() {
    let world = World(seed: 15)
    let workers = Self.wait(world, 250, tasks: { ["t\($0)"] })
    let start = world.simulation.now
    #expect(Self.cost(world) { world.enqueue("t249") } <= 250)
    #expect(Self.served(world, workers) == [249])
    #expect(world.simulation.now - start < .milliseconds(250))
    // One near the front costs what stands before it.
    #expect(Self.cost(world) { world.enqueue("t4") } <= 5)
  }

  /// The store has something to tell all the time, none of which is for those who wait.
  @Test(arguments: [true, false]) func whoComesIsAnsweredWhileTheStoreIsBusy(hasOthers: Bool) {
    let world = World(seed: 16)
    if hasOthers { world.enqueue("c") }
    let workers = Self.wait(world, 200, tasks: { ["t\($0)"] })
    let hasty = PoolWorker("hasty", tasks: ["z"], world.pool, world.store)
    world.simulation.on(world.pool.loop) { hasty.ask(max: 1, wait: .zero) }
    for _ in 0..<500 {
      world.pool.ready()
      world.run(for: .milliseconds(1))
    }
    #expect(world.of(hasty) { $0.got } == [0])
    world.enqueue("t199")
    for _ in 0..<500 {
      world.pool.ready()
      world.run(for: .milliseconds(1))
    }
    #expect(Self.served(world, workers) == [199])
  }
}
