import FanfareRuntime

/// Hands the jobs of one queue to workers, wherever they are: whoever asks when there is none waits
/// here, and has the next one as soon as the store has it.
///
/// Those who wait are served in the order in which they came, each with what the store gives it.
package actor WorkerPool {
  package nonisolated let unownedExecutor: UnownedSerialExecutor
  /// The loop that it is pinned to.
  package nonisolated let loop: EventLoop
  package nonisolated let queue: QueueName
  package nonisolated let settings: QueueSettings
  /// The requests that may wait at once. One more is refused.
  private let waitingMax: Int
  private let store: any JobStore
  private nonisolated let line: LoopConfined<WaitingLine>
  /// Whether a word of the store is on its way to the loop.
  private nonisolated let isTold = Locked(false)
  /// Jobs that are being given back.
  private var releasing = 0
  private var isRoundComing = false
  private var isDraining = false
  private var drains: [Gate] = []

  /// The pool of `queue`, on `loop` for good.
  package init(
    queue: QueueName, settings: QueueSettings, store: any JobStore,
    waitingMax: Int = Limits().waitingLeasesMax, loop: EventLoop
  ) {
    self.queue = queue
    self.settings = settings
    self.store = store
    self.waitingMax = waitingMax
    self.loop = loop
    line = LoopConfined(WaitingLine(), to: loop)
    unownedExecutor = loop.asUnownedSerialExecutor()
  }

  /// The workers that wait now.
  package var waitingCount: Int { line.get.count }

  // MARK: Leasing

  /// Hands out at most `max` jobs, as soon as there is one.
  ///
  /// - Parameters:
  ///   - tasks: what the worker can do; everything where there is none.
  ///   - wait: how long to wait for the first; zero answers at once. None came in time: no jobs.
  ///   - hangUp: ends the wait early. What had been leased for one who has gone is released.
  package func lease(
    _ worker: WorkerName, tasks: [TaskName]?, max: Int, wait: Duration, hangUp: HangUp? = nil
  ) async throws(JobRefusal) -> [LeasedJob] {
    guard !isDraining else { return [] }
    guard line.get.count < waitingMax else {
      throw .unavailable("\(waitingMax) requests for jobs of \(queue) wait already")
    }
    let command = JobCommand.lease(queue, worker, tasks: tasks, max: Swift.max(1, max))
    let waiting = LoopConfined(WaitingWorker(worker, tasks: tasks, on: loop), to: loop)
    // In line before the store is asked, so that nothing it becomes able to give is missed.
    line.get.join(waiting.get)
    hangUp?.connect(LoopConfined(waiting.get, to: loop))
    let timer: TimerToken
    if wait > .zero {
      timer = loop.schedule(after: wait, waiting.get)
    } else {
      timer = .none
      waiting.get.timerFired()
    }
    defer {
      loop.cancel(timer)
      line.get.leave(waiting.get)
      beginRoundSoon()
      noticeDrained()
    }
    beginRoundSoon()
    while true {
      await waiting.get.gateToRound()?.pass()
      guard waiting.get.beginsToAsk() else { return [] }
      let (jobs, rest) = try await ask(command)
      line.get.heard(rest, jobs.count, by: waiting.get)
      // While the store answered, the worker may have gone and the pool may have been drained.
      switch waiting.get.ending {
      case .hungUp, .drained:
        giveBack(jobs)
        return []
      case .timeIsUp: return jobs
      case nil: break
      }
      if !jobs.isEmpty { return jobs }
      beginRoundSoon()
    }
  }

  /// When whoever runs now has come to its gate, or gone.
  private func beginRoundSoon() {
    guard !isRoundComing, line.get.askingCount == 0, line.get.count > 0 else { return }
    isRoundComing = true
    Task {
      isRoundComing = false
      line.get.beginRound()
    }
  }

  private func ask(
    _ command: JobCommand
  ) async throws(JobRefusal) -> (jobs: [LeasedJob], rest: LeaseRest) {
    guard case .leased(let jobs, let rest) = try await store.perform(command, on: loop) else {
      return ([], LeaseRest(left: .max, reason: nil))
    }
    return (jobs, rest)
  }

  private func giveBack(_ jobs: [LeasedJob]) {
    for job in jobs {
      releasing += 1
      // Each in a task of its own: they reach the store together.
      Task { await self.release(LeaseClaim(job: job.job.id, token: job.token)) }
    }
  }

  private func release(_ claim: LeaseClaim) async {
    // A store that cannot write takes the job back when the lease ends.
    _ = try? await store.perform(.release(claim), on: loop)
    releasing -= 1
    noticeDrained()
  }

  // MARK: What the store tells

  /// There may be something that was not there before. From any thread.
  package nonisolated func ready() {
    let isFirst = isTold.withLock { isTold in
      defer { isTold = true }
      return !isTold
    }
    guard isFirst else { return }
    let isPosted = loop.post { [self] in becomeReady() }
    // A full inbox is a loop far behind; a task, unlike a message, always finds room.
    if !isPosted { Task { await self.lookAgain() } }
  }

  private func lookAgain() { becomeReady() }

  private nonisolated func becomeReady() {
    // Before the store is asked: what it has to tell from now on is told anew.
    isTold.withLock { $0 = false }
    line.get.becomeReady()
  }

  // MARK: Draining

  /// Answers all who wait, with nothing, and hands out no more. Returns when what the store was
  /// giving out meanwhile has been given back.
  package func drain() async {
    isDraining = true
    line.get.endAll(.drained)
    guard !isDrained else { return }
    let gate = Gate(on: loop)
    drains.append(gate)
    await gate.pass()
  }

  private var isDrained: Bool { isDraining && line.get.count == 0 && releasing == 0 }

  private func noticeDrained() {
    guard isDrained else { return }
    let gates = drains
    drains = []
    for gate in gates { gate.open() }
  }
}
