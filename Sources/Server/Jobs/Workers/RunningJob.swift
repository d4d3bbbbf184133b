import FanfareActors
import FanfareRuntime

/// A job in the hands of a ``LocalWorker``. Confined to the worker's loop.
final class RunningJob: TimerTarget {
  enum State: Equatable {
    case running
    /// Its handler has been told to stop and has not returned.
    case stopping(Interruption)
    /// The handler has returned, or is waited for no longer; the store is told.
    case ending
  }

  /// The time between two writes of what a job says.
  static let writeInterval = Duration.milliseconds(100)

  let job: Job
  let claim: LeaseClaim
  let context: TaskContext
  private(set) var state = State.running
  /// Whether its handler runs on although nobody waits for it.
  private(set) var isAbandoned = false
  var handler: Task<Void, Never>?
  private let loop: EventLoop
  /// Called when the job's time is up, or its handler's.
  private let timeUp: (RunningJob) -> Void
  private var timer = TimerToken.none
  /// How long an attempt may take.
  let timeout: Duration?
  /// Whether a write is under way, or its time is awaited.
  var isWriting = false
  /// Opens when the write under way is done.
  var lastWrite: Gate?
  /// The time of the next write.
  var nextWrite: MonotonicInstant

  init(
    _ leased: LeasedJob, _ worker: LocalWorker, _ limits: Limits, timeout: Duration?,
    on loop: EventLoop, timeUp: @escaping (RunningJob) -> Void
  ) {
    job = leased.job
    claim = LeaseClaim(job: leased.job.id, token: leased.token)
    context = TaskContext(leased, worker, limits)
    self.loop = loop
    self.timeUp = timeUp
    self.timeout = timeout
    nextWrite = loop.now
    if let timeout { timer = loop.schedule(after: timeout, self) }
  }

  /// Tells its handler to stop. The first reason counts, except that nobody can take back that the
  /// job is lost.
  func stop(_ reason: Interruption) {
    switch state {
    case .running:
      state = .stopping(reason)
      loop.cancel(timer)
      timer = loop.schedule(after: reason.patience, self)
      context.interrupt(reason)
      handler?.cancel()
    case .stopping:
      if reason == .lost { state = .stopping(.lost) }
    case .ending: break
    }
  }

  /// Its handler has returned, or is waited for no longer.
  func end(abandoned: Bool) {
    loop.cancel(timer)
    state = .ending
    isAbandoned = abandoned
  }

  func timerFired() { timeUp(self) }

  /// What the store is told in the end; `nil` where the job is another's by now.
  func lastWord(_ outcome: LocalTask.Outcome) -> JobCommand? {
    if state == .stopping(.lost) { return nil }
    switch outcome {
    // Done is done, whatever was wanted meanwhile.
    case .succeeded(let result):
      return .succeed(claim, result: result, context.finalUsage)
    case .failed(let failure):
      if case .running = state { return .fail(claim, failure) }
    case .stopped: break
    }
    switch state {
    case .stopping(.timedOut(let timeout)):
      return .fail(claim, JobFailure(error: "timed out after \(timeout.inSeconds) s"))
    case .running: return .fail(claim, JobFailure(error: "its handler gave up"))
    case .stopping, .ending: return .release(claim)
    }
  }
}
