import FanfareRuntime

@testable import FanfareActors

/// A worker of a test: asks for jobs, keeps them for a while, and says what became of them.
actor PoolWorker {
  nonisolated let unownedExecutor: UnownedSerialExecutor
  nonisolated let loop: EventLoop
  nonisolated let name: WorkerName
  nonisolated let tasks: [TaskName]?
  private let pool: WorkerPool
  private let store: any JobStore
  /// What it says of a job in the end, by a number from 0 to 99; nothing where there is none.
  private let ending: @Sendable (LeaseClaim, Int) -> JobCommand?
  private(set) var held: [LeasedJob] = []
  private(set) var got: [Int] = []
  private(set) var refusals = 0
  private(set) var isAsking = false
  private(set) var isDone = false
  private var hangUp: HangUp?
  private var asksOn = true

  init(
    _ name: String, tasks: [String]? = nil, _ pool: WorkerPool, _ store: any JobStore,
    ending: @escaping @Sendable (LeaseClaim, Int) -> JobCommand? = { claim, _ in
      .succeed(claim, result: nil, nil)
    }
  ) {
    self.name = WorkerName(checked: name)
    self.tasks = tasks?.map { TaskName(checked: $0) }
    self.pool = pool
    self.store = store
    self.ending = ending
    loop = pool.loop
    unownedExecutor = loop.asUnownedSerialExecutor()
  }

  /// Asks once. On the loop.
  nonisolated func ask(max: Int, wait: Duration) {
    assumeIsolated { me in
      me.isAsking = true
      Task { await me.lease(max: max, wait: wait) }
    }
  }

  /// Asks again and again, until ``stop()``. On the loop.
  nonisolated func work() {
    assumeIsolated { me in
      me.asksOn = true
      Task { await me.live() }
    }
  }

  nonisolated func stop() { assumeIsolated { $0.asksOn = false } }

  /// Its client goes, while it asks.
  nonisolated func goAway() { assumeIsolated { $0.hangUp?.hangUp() } }

  private func lease(max: Int, wait: Duration) async {
    isAsking = true
    let hangUp = HangUp()
    self.hangUp = hangUp
    do throws(JobRefusal) {
      let jobs = try await pool.lease(name, tasks: tasks, max: max, wait: wait, hangUp: hangUp)
      got.append(jobs.count)
      held += jobs
    } catch {
      refusals += 1
    }
    self.hangUp = nil
    isAsking = false
  }

  private func live() async {
    while asksOn {
      let most = number(1...4)
      await lease(max: most, wait: .milliseconds(number(0...400)))
      await rest(number(0...60))
      for job in held {
        let claim = LeaseClaim(job: job.job.id, token: job.token)
        guard let command = ending(claim, number(0...99)) else { continue }
        _ = try? await store.perform(command, on: loop)
      }
      held = []
    }
    isDone = true
  }

  private func rest(_ milliseconds: Int) async {
    let alarm = Alarm(on: loop)
    _ = loop.schedule(after: .milliseconds(milliseconds), alarm)
    await alarm.gate.pass()
  }

  private func number(_ range: ClosedRange<Int>) -> Int {
    Int.random(in: range, using: &loop.random)
  }
}
