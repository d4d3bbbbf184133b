import FanfareActors
import FanfareRuntime

/// Who asks a store in a simulation: keeps the store, what it told, and the time. Pinned to a loop
/// of its own.
package actor JobStoreSide: TimerTarget {
  package nonisolated let unownedExecutor: UnownedSerialExecutor
  package nonisolated let loop: EventLoop
  package nonisolated let simulation: Simulation
  private nonisolated let storeLoop: EventLoop
  package nonisolated let settings: JobStoreSettings
  private var place: any JobStorePlace
  private var store: any JobStore
  private var gates: [Gate] = []
  private var isStarting = false
  private nonisolated let outcome = Locked<(isDone: Bool, violations: [String])>((false, []))
  /// All that the stores have told.
  package nonisolated let feed = RecordedJobFeed()

  /// A store of `place` on the second loop of `simulation`, asked from the first.
  package init(
    _ place: any JobStorePlace, _ settings: JobStoreSettings, in simulation: Simulation
  ) throws {
    self.simulation = simulation
    self.place = place
    self.settings = settings
    loop = simulation.loops[0]
    storeLoop = simulation.loops[1]
    unownedExecutor = loop.asUnownedSerialExecutor()
    store = try place.open(settings, on: storeLoop)
    store.connect(to: feed)
  }

  /// Starts the store and plays, until the simulation has taken it to its end.
  package func begin(_ play: @escaping JobStoreScenario.Play) {
    Task {
      do {
        try await store.start()
        try await play(self)
      } catch {
        outcome.withLock { $0.violations.append("\(error)") }
      }
      await store.stop()
      outcome.withLock { $0.isDone = true }
    }
  }

  /// Whether the play is over.
  package nonisolated var isDone: Bool { outcome.withLock { $0.isDone } }
  /// What was not as it should be.
  package nonisolated var violations: [String] { outcome.withLock { $0.violations } }

  /// Closes the store.
  func stop() async { await store.stop() }

  /// Asks for one thing.
  package func ask(_ command: JobCommand) async -> Result<JobReply, JobRefusal> {
    do throws(JobRefusal) {
      return .success(try await store.perform(command, on: loop))
    } catch {
      return .failure(error)
    }
  }

  /// Asks for one thing that must be done.
  package func done(_ command: JobCommand) async throws(JobRefusal) -> JobReply {
    try await store.perform(command, on: loop)
  }

  /// Gives back what is leased.
  func giveBack(_ leases: [LeaseClaim]) { store.giveBack(leases, on: loop, from: self) }

  /// The time as the store sees it.
  package var moment: JobMoment { JobMoment(of: loop) }

  /// Lets time pass.
  package func pass(_ duration: Duration) async {
    guard duration > .zero else { return }
    let gate = Gate(on: loop)
    gates.append(gate)
    _ = loop.schedule(after: duration, self)
    await gate.pass()
  }

  package nonisolated func timerFired() {
    assumeIsolated { side in
      let gates = side.gates
      side.gates = []
      for gate in gates { gate.open() }
    }
  }

  /// Sets the clock on the wall.
  package func setWall(ahead duration: Duration) {
    simulation.wallShift = simulation.wallShift + duration
  }

  /// Does something beside the play.
  package func alongside(_ play: @escaping @Sendable (JobStoreSide) async -> Void) {
    Task { await play(self) }
  }

  /// The process of the store that is asked now: its number, from 0.
  package private(set) var life = 0

  /// Kills the process of the store at this moment, and starts another over what it had written.
  package func crash() async throws {
    guard !isStarting else { return }
    isStarting = true
    defer { isStarting = false }
    life += 1
    let old = store
    place = try simulation.on(storeLoop) { try place.afterCrash(of: old) }
    store = try place.open(settings, on: storeLoop)
    store.connect(to: feed)
    await old.stop()
    try await store.start()
  }
}

/// Keeps what stores tell.
package final class RecordedJobFeed: JobStoreFeed {
  private let news = Locked<[JobNews]>([])

  package init() {}

  package func stored(_ news: JobNews) { self.news.withLock { $0.append(news) } }

  /// What has been told, in its order.
  package var all: [JobNews] { news.withLock { $0 } }

  /// What has been told since this was asked before.
  package func take() -> [JobNews] {
    news.withLock { news in
      defer { news = [] }
      return news
    }
  }
}
