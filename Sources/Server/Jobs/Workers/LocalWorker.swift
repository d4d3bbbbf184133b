import FanfareActors
import FanfareRuntime
import Logging

/// Does the jobs of one queue in this process: leases them through the queue's pool as every worker
/// does, and holds no more than it runs.
actor LocalWorker: TimerTarget {
  /// How long it asks for jobs at a time.
  private static let leaseWait = Duration.seconds(60)
  /// How long it leaves a store alone that refused.
  private static let pause = Duration.seconds(1)
  /// How long it tries to tell how a job came out.
  private static let lastWordPatience = Duration.seconds(60)

  nonisolated let unownedExecutor: UnownedSerialExecutor
  nonisolated let loop: EventLoop
  nonisolated let name: WorkerName
  private let tasks: [TaskName: LocalTask]
  private let pool: WorkerPool
  private let store: any JobStore
  private let limits: Limits
  private let logger: Logger
  private let concurrency: Int
  /// The time between two heartbeats: of three one may be lost.
  private let heartbeat: Duration
  /// By lease: a job that was lost may come back while its old handler has not returned.
  private var running: [LeaseClaim: RunningJob] = [:]
  /// Handlers that run on although nobody waits for them.
  private(set) var abandoned = 0
  private var isDraining = false
  private var slotGate: Gate?
  private var idleGate: Gate?

  /// A worker on `loop` for good.
  init(
    _ name: WorkerName, tasks: [TaskName: LocalTask], pool: WorkerPool, store: any JobStore,
    limits: Limits, on loop: EventLoop, logger: Logger
  ) {
    self.name = name
    self.tasks = tasks
    self.pool = pool
    self.store = store
    self.limits = limits
    self.loop = loop
    self.logger = logger
    concurrency = max(1, pool.settings.concurrency)
    heartbeat = .milliseconds(max(1, pool.settings.lease.milliseconds / 3))
    unownedExecutor = loop.asUnownedSerialExecutor()
  }

  /// Begins to work.
  func start() {
    _ = loop.schedule(after: heartbeat, self)
    Task { await work() }
  }

  /// Jobs that it has now.
  var runningCount: Int { running.count }

  // MARK: Leasing

  private func work() async {
    let names = tasks.keys.sorted()
    while !isDraining {
      guard room > 0 else {
        let gate = Gate(on: loop)
        slotGate = gate
        await gate.pass()
        continue
      }
      do throws(JobRefusal) {
        let jobs = try await pool.lease(
          name, tasks: names, max: room, wait: Self.leaseWait)
        for job in jobs { begin(job) }
        if jobs.isEmpty, !isDraining { await rest(.milliseconds(1)) }
      } catch {
        logger.debug("no jobs", metadata: ["queue": "\(pool.queue)", "reason": "\(error)"])
        await rest(Self.pause)
      }
    }
  }

  /// As many handlers as may run may be abandoned too; beyond that they take the place of others.
  private var room: Int { concurrency - running.count - max(0, abandoned - concurrency) }

  private func rest(_ duration: Duration) async {
    let end = GateTimer(on: loop)
    _ = loop.schedule(after: duration, end)
    await end.gate.pass()
  }

  private func begin(_ leased: LeasedJob) {
    // The store gives only what was asked for; a task that is not there would be a mistake of ours.
    guard !isDraining, let task = tasks[leased.job.task] else {
      let claim = LeaseClaim(job: leased.job.id, token: leased.token)
      Task { _ = try? await store.perform(.release(claim), on: loop) }
      return
    }
    let timeout = [leased.job.timeout, task.timeout].compactMap { $0 }.min()
    let run = RunningJob(leased, self, limits, timeout: timeout, on: loop) { [weak self] run in
      let claim = run.claim
      self?.assumeIsolated { $0.timeIsUp(claim) }
    }
    running[run.claim] = run
    let running = LoopConfined(run, to: loop)
    let (job, context) = (leased.job, run.context)
    run.handler = Task {
      let outcome = await task.outcome(of: job, context)
      await conclude(running.get, outcome)
    }
  }

  // MARK: Endings

  private func timeIsUp(_ claim: LeaseClaim) {
    guard let run = running[claim] else { return }
    switch run.state {
    case .running: if let timeout = run.timeout { run.stop(.timedOut(timeout)) }
    case .stopping: abandon(run)
    case .ending: break
    }
  }

  /// Its handler does not return: the job ends without it.
  private func abandon(_ run: RunningJob) {
    abandoned += 1
    logger.warning(
      "a handler does not stop; its job ends without it",
      metadata: ["job": "\(run.claim.job)", "task": "\(run.job.task)"])
    let word = run.lastWord(.stopped)
    run.end(abandoned: true)
    let running = LoopConfined(run, to: loop)
    Task { await tell(word, running.get) }
  }

  private func conclude(_ run: RunningJob, _ outcome: LocalTask.Outcome) async {
    guard run.state != .ending else {
      abandoned -= 1
      roomMayHaveCome()
      return
    }
    let word = run.lastWord(outcome)
    run.end(abandoned: false)
    await tell(word, run)
  }

  /// Tells the store how a job came out, and forgets it.
  private func tell(_ word: JobCommand?, _ run: RunningJob) async {
    defer {
      running[run.claim] = nil
      roomMayHaveCome()
    }
    guard let word else { return }
    await write(run)
    let end = loop.now + (isDraining ? .zero : Self.lastWordPatience)
    while true {
      do throws(JobRefusal) {
        _ = try await store.perform(word, on: loop)
        return
      } catch {
        guard case .unavailable = error, loop.now < end, !isDraining else {
          logger.notice(
            "what a job came to was not taken",
            metadata: ["job": "\(run.claim.job)", "reason": "\(error)"])
          return
        }
        await rest(Self.pause)
      }
    }
  }

  private func roomMayHaveCome() {
    if room > 0 || isDraining {
      slotGate?.open()
      slotGate = nil
    }
    if running.isEmpty {
      idleGate?.open()
      idleGate = nil
    }
  }

  // MARK: What jobs say

  /// Something waits to be stored. From any thread; false when the loop takes no messages.
  nonisolated func notice(_ claim: LeaseClaim) -> Bool {
    loop.post { [self] in assumeIsolated { $0.writeSoon(claim) } }
  }

  private func writeSoon(_ claim: LeaseClaim) {
    guard let run = running[claim], run.state != .ending, !run.isWriting else { return }
    run.isWriting = true
    let running = LoopConfined(run, to: loop)
    Task {
      let wait = running.get.nextWrite - loop.now
      if wait > .zero { await rest(wait) }
      await write(running.get)
      running.get.isWriting = false
      // What was said while the store wrote has been told of, and found this under way.
      if running.get.context.hasReports { writeSoon(claim) }
    }
  }

  /// Stores what a job has said since the last time.
  private func write(_ run: RunningJob) async {
    // The end must not overtake what was said before it: nothing is taken after an end.
    await run.lastWrite?.pass()
    guard run.state != .stopping(.lost) else { return }
    let written = Gate(on: loop)
    run.lastWrite = written
    run.nextWrite = loop.now + RunningJob.writeInterval
    for command in run.context.takeReports() { await keep(command, run) }
    run.lastWrite = nil
    written.open()
  }

  private func keep(_ command: JobCommand, _ run: RunningJob) async {
    do throws(JobRefusal) {
      let reply = try await store.perform(command, on: loop)
      if case .kept(let standing) = reply, standing.isCancelled { run.stop(.cancelled) }
    } catch {
      switch error {
      case .leaseLost, .noSuchJob: run.stop(.lost)
      // Progress and log may be lost; whoever has more to say tries again.
      case .noSuchWorkflow, .noSuchQueue, .over, .notOver, .stepBefore, .keyMismatch,
        .tooManyJobs, .unavailable:
        break
      }
    }
  }

  /// Stores what a job wants to find again.
  func checkpoint(_ claim: LeaseClaim, _ state: [UInt8]) async throws {
    do throws(JobRefusal) {
      let reply = try await store.perform(.checkpoint(claim, state), on: loop)
      if case .kept(let standing) = reply, standing.isCancelled { stop(claim, .cancelled) }
    } catch {
      switch error {
      case .leaseLost, .noSuchJob:
        stop(claim, .lost)
        throw CancellationError()
      case .noSuchWorkflow, .noSuchQueue, .over, .notOver, .stepBefore, .keyMismatch,
        .tooManyJobs, .unavailable:
        throw TaskFailure.failed("the checkpoint cannot be stored: \(error)")
      }
    }
  }

  // MARK: Heartbeats

  nonisolated func timerFired() {
    assumeIsolated { me in
      _ = loop.schedule(after: me.heartbeat, me)
      Task { await me.beat() }
    }
  }

  private func beat() async {
    let claims = running.values.filter { $0.state != .stopping(.lost) }.map(\.claim)
      .sorted { $0.job < $1.job }
    guard !claims.isEmpty else { return }
    guard let reply = try? await store.perform(.heartbeat(name, claims), on: loop),
      case .renewed(let renewal) = reply
    else { return }
    // A job that has ended meanwhile, and come back, has another claim.
    for claim in claims {
      if renewal.lost.contains(claim.job) { stop(claim, .lost) }
      if renewal.cancel.contains(claim.job) { stop(claim, .cancelled) }
    }
  }

  private func stop(_ claim: LeaseClaim, _ reason: Interruption) {
    running[claim]?.stop(reason)
  }

  // MARK: Draining

  /// Takes no more jobs, lets those that run end by themselves for as long as `window`, then stops
  /// them and gives them back. Its pool is drained by then.
  func drain(within window: Duration) async {
    isDraining = true
    roomMayHaveCome()
    await waitUntilIdle(window)
    for run in inOrder { run.stop(.shutdown) }
    await waitUntilIdle(Interruption.shutdown.killDelay + .milliseconds(500))
    for run in inOrder where run.state != .ending { abandon(run) }
    await waitUntilIdle(Self.pause)
  }

  private var inOrder: [RunningJob] { running.values.sorted { $0.claim.job < $1.claim.job } }

  private func waitUntilIdle(_ limit: Duration) async {
    guard !running.isEmpty else { return }
    let end = GateTimer(on: loop)
    let timer = loop.schedule(after: limit, end)
    idleGate = end.gate
    await end.gate.pass()
    loop.cancel(timer)
  }
}

/// Opens a gate when its time has come. Loop-confined.
private final class GateTimer: TimerTarget {
  let gate: Gate

  init(on loop: EventLoop) {
    gate = Gate(on: loop)
  }

  func timerFired() { gate.open() }
}
