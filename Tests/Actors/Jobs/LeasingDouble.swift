import FanfareRuntime

@testable import FanfareActors

/// As much of a store as a pool needs: hands out jobs in order, one transaction at a time, and
/// answers after a while. It says what it has done.
actor LeasingDouble: JobStore {
  struct Lease {
    let worker: WorkerName
    let token: LeaseToken
  }

  nonisolated let unownedExecutor: UnownedSerialExecutor
  nonisolated let loop: EventLoop
  nonisolated let door: LoopConfined<LeasingDoor>
  private let leasesPerWorkerMax: Int
  private(set) var queued: [Job] = []
  private(set) var running: [JobID: Lease] = [:]
  /// Who got a job, in the order of the transactions.
  private(set) var grants: [WorkerName] = []
  private(set) var asked = 0
  /// Asked and not answered.
  private(set) var pending = 0
  private var lastID: Int64 = 0
  private var tokens: Int64 = 0
  /// Whether it refuses everything.
  var isBroken = false
  nonisolated let pool = Locked<WorkerPool?>(nil)

  init(on loop: EventLoop, for asking: EventLoop, leasesPerWorkerMax: Int) {
    self.loop = loop
    self.leasesPerWorkerMax = leasesPerWorkerMax
    unownedExecutor = loop.asUnownedSerialExecutor()
    let door = LeasingDoor(asking, to: loop)
    self.door = LoopConfined(door, to: asking)
    door.store = self
  }

  nonisolated func connect(to feed: any JobStoreFeed) {}
  func start() async throws(JobRefusal) {}
  func stop() async {}

  /// What is asked in one turn is done in one step, as a store does it.
  nonisolated func perform(
    _ command: JobCommand, on asking: EventLoop
  ) async throws(JobRefusal) -> JobReply {
    let question = Question(command, on: asking)
    door.get.ask(question)
    await question.gate.pass()
    guard let reply = question.reply.withLock({ $0 }) else { throw .unavailable("broken") }
    return reply
  }

  /// One transaction. What it did is known only later.
  fileprivate func commit(_ questions: [Question]) async {
    pending += questions.count
    for question in questions {
      let reply = isBroken ? nil : done(question.command)
      question.reply.withLock { $0 = reply }
    }
    let alarm = Alarm(on: loop)
    _ = loop.schedule(after: .milliseconds(Int.random(in: 0...40, using: &loop.random)), alarm)
    await alarm.gate.pass()
    pending -= questions.count
    for question in questions {
      _ = question.gateLoop.post { question.gate.open() }
    }
  }

  fileprivate nonisolated func receive(_ questions: [Question]) {
    assumeIsolated { me in _ = Task { await me.commit(questions) } }
  }

  private func done(_ command: JobCommand) -> JobReply? {
    switch command {
    case .lease(_, let worker, let tasks, let max):
      asked += 1
      let leased = lease(worker, tasks, max)
      let reason: LeaseRest.Reason? =
        leased.count == max ? nil : room(of: worker) > 0 ? .tasks : .bound
      return .leased(leased, rest: LeaseRest(left: queued.count, reason: reason))
    case .release(let claim):
      guard running[claim.job]?.token == claim.token else { return nil }
      running[claim.job] = nil
      add(claim.job, "a")
      return .state(.queued)
    case .succeed(let claim, _, _):
      guard running.removeValue(forKey: claim.job)?.token == claim.token else { return nil }
      // Room under the worker's bound.
      pool.withLock { $0 }?.ready()
      return .state(.succeeded)
    default: return nil
    }
  }

  private func lease(_ worker: WorkerName, _ tasks: [TaskName]?, _ max: Int) -> [LeasedJob] {
    var leased: [LeasedJob] = []
    while leased.count < max, room(of: worker) > 0,
      let index = queued.firstIndex(where: { tasks?.contains($0.task) ?? true })
    {
      let job = queued.remove(at: index)
      tokens += 1
      guard let token = LeaseToken(tokens) else { break }
      running[job.id] = Lease(worker: worker, token: token)
      grants.append(worker)
      leased.append(LeasedJob(job: job, token: token, lease: .seconds(30)))
    }
    return leased
  }

  func room(of worker: WorkerName) -> Int {
    leasesPerWorkerMax - running.values.count { $0.worker == worker }
  }

  func enqueue(_ task: String) {
    lastID += 1
    guard let id = JobID(lastID) else { return }
    add(id, task)
  }

  private func add(_ id: JobID, _ task: String) {
    queued.append(
      Job(
        id: id, queue: QueueName(checked: "q"), task: TaskName(checked: task), arguments: [],
        state: .queued, priority: 0, attemptsMax: 1, created: 0))
    pool.withLock { $0 }?.ready()
  }

  func breakDown(_ isBroken: Bool) { self.isBroken = isBroken }
}

/// Opens a gate when its time has come. Loop-confined.
final class Alarm: TimerTarget {
  let gate: Gate

  init(on loop: EventLoop) { gate = Gate(on: loop) }

  func timerFired() { gate.open() }
}

/// One command and its answer.
private final class Question: Sendable {
  let command: JobCommand
  let gateLoop: EventLoop
  let gate: Gate
  let reply = Locked<JobReply?>(nil)

  init(_ command: JobCommand, on loop: EventLoop) {
    self.command = command
    gateLoop = loop
    gate = Gate(on: loop)
  }
}

/// What is asked in one turn leaves together. Loop-confined.
final class LeasingDoor: TurnParticipant {
  private let loop: EventLoop
  private let storeLoop: EventLoop
  private var questions: [Question] = []
  weak var store: LeasingDouble?

  init(_ loop: EventLoop, to storeLoop: EventLoop) {
    self.loop = loop
    self.storeLoop = storeLoop
  }

  func start() { loop.addTurnParticipant(self) }

  fileprivate func ask(_ question: Question) { questions.append(question) }

  func endOfTurn() -> Bool {
    guard !questions.isEmpty, let store else { return false }
    let batch = questions
    questions = []
    _ = storeLoop.post { store.receive(batch) }
    return false
  }
}
