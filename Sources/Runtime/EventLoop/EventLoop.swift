import CLibuv
import DequeModule
import Glibc
import Synchronization

/// Work that a loop does once at the end of each of its turns, before it waits for the kernel
/// again.
public protocol TurnParticipant: AnyObject {
  /// Does a bounded slice of work. Returns whether more is left, so that the loop comes back after
  /// a look at its sockets instead of sleeping.
  func endOfTurn() -> Bool
}

/// One thread, one libuv loop, one serial executor.
///
/// Actors pinned to a loop run on its thread; so do its sockets, timers and messages. Everything
/// but ``enqueue(_:)``, ``post(_:)`` and ``isCurrent`` may be used on the loop's thread only, and
/// traps elsewhere: what is confined to a loop needs no lock.
///
/// It is deliberately not a `TaskExecutor` too: the runtime would enqueue again at every call.
///
/// `@unchecked Sendable`: `inbox` and `thread` synchronise themselves; every other field is touched
/// by the loop's thread alone, which the entry points check.
public final class EventLoop: SerialExecutor, @unchecked Sendable {
  /// The messages from other loops that may wait here; see ``post(_:)``.
  public static let inboxMessagesMax = 65_536
  /// The jobs run in one turn before sockets are looked at again.
  static let jobsPerTurnMax = 4_096

  /// This loop's place among the loops of its group, from 0.
  public let index: Int
  /// The name of the thread, for logs and debuggers.
  public let name: String
  /// The time at the beginning of this turn.
  public private(set) var now: MonotonicInstant
  /// This loop's randomness.
  public var random: SeededGenerator
  /// The share of the recent past in which this loop was not waiting, between 0 and 1.
  public private(set) var busyRatio = 0.0

  private let inbox = Inbox(messagesMax: EventLoop.inboxMessagesMax)
  private let thread = Atomic<UInt>(0)
  private var jobs = Deque<Inbox.Item>()
  private var wheel: TimerWheel
  private var participants: [any TurnParticipant] = []
  private var isTurning = false
  private var turnStart: MonotonicInstant
  private var busyNanoseconds: UInt64 = 0
  private var ratioSince: MonotonicInstant
  private let jobsPerTurn: Int
  let driver: LoopDriver
  /// Streams and listeners of this loop, held while they are open.
  var open: [ObjectIdentifier: any LoopResource] = [:]
  /// Received bytes pass through here on their way to a stream's input. A simulation has none.
  var receiveBuffer: [UInt8] = []

  init(
    index: Int, name: String? = nil, seed: UInt64, driver: LoopDriver,
    jobsPerTurn: Int = EventLoop.jobsPerTurnMax
  ) {
    self.index = index
    self.name = name ?? "loop-\(index)"
    self.driver = driver
    self.jobsPerTurn = jobsPerTurn
    random = SeededGenerator(seed: seed)
    now = driver.clock()
    turnStart = now
    ratioSince = now
    wheel = TimerWheel(now: now)
    if case .libuv = driver { receiveBuffer = [UInt8](repeating: 0, count: 64 * 1024) }
  }

  // MARK: Executor

  /// Whether the caller runs on this loop.
  public var isCurrent: Bool {
    switch driver {
    case .libuv: thread.load(ordering: .relaxed) == UInt(pthread_self())
    case .simulated(let simulation, _): simulation.isRunning(self)
    }
  }

  /// Traps unless the caller runs on this loop, in release builds too.
  public func preconditionOnLoop() {
    let current = isCurrent
    precondition(current, "called off \(name)")
  }

  /// Runs `job` on this loop, after what was enqueued before it.
  public func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    if isCurrent {
      jobs.append(.job(job))
    } else {
      driver.checkCaller()
      act(on: inbox.push(.job(job)))
    }
  }

  /// This loop as the executor of a pinned actor.
  public func asUnownedSerialExecutor() -> UnownedSerialExecutor {
    UnownedSerialExecutor(ordinary: self)
  }

  /// Traps unless the caller runs on this loop (SE-0424).
  public func checkIsolated() { preconditionOnLoop() }

  /// Whether the caller runs on this loop (SE-0471).
  public func isIsolatingCurrentContext() -> Bool? { isCurrent }

  /// Runs a job of another executor of this loop, after what was enqueued before it. On the loop.
  func run(_ job: UnownedJob, on executor: some SerialExecutor) {
    jobs.append(.message { job.runSynchronously(on: executor.asUnownedSerialExecutor()) })
  }

  /// Runs `message` on this loop, from any thread, in the order of posting.
  ///
  /// Returns false, storing nothing, when ``inboxMessagesMax`` messages wait already.
  public func post(_ message: @escaping @Sendable () -> Void) -> Bool {
    let push = inbox.push(.message(message))
    if case .full = push { return false }
    act(on: push)
    return true
  }

  private func act(on push: Inbox.Push) {
    switch push {
    case .seen, .full: break
    case .wake:
      // Between its wait and its turn a loop counts as asleep, but does not sleep: its own thread
      // would wake it by two system calls and another turn.
      if !isCurrent { driver.wake() }
    case .adopt: adopt()
    }
  }

  // MARK: Timers and turns

  /// Calls `target` once, at `deadline` or up to 16 ms after it.
  public func schedule(at deadline: MonotonicInstant, _ target: any TimerTarget) -> TimerToken {
    preconditionOnLoop()
    return wheel.schedule(at: deadline, target)
  }

  /// Calls `target` once, when `delay` has passed.
  public func schedule(after delay: Duration, _ target: any TimerTarget) -> TimerToken {
    schedule(at: now + delay, target)
  }

  /// Takes a timer back; one that has fired already is left alone.
  public func cancel(_ token: TimerToken) {
    preconditionOnLoop()
    wheel.cancel(token)
  }

  /// Lets `participant` work at the end of every turn, in the order of registration or before all
  /// others.
  public func addTurnParticipant(_ participant: any TurnParticipant, isFirst: Bool = false) {
    preconditionOnLoop()
    participants.insert(participant, at: isFirst ? 0 : participants.count)
  }

  /// Milliseconds since 1970 in UTC. It may step; order is kept by whoever needs order.
  public func wallMilliseconds() -> Int64 { driver.wallMilliseconds() }

  /// Looks at the clock again, for work long enough that the turn's own time is stale.
  public func refreshNow() -> MonotonicInstant {
    now = driver.clock()
    return now
  }

  /// The wait for the kernel is over: a turn begins, with the first socket that has news or, where
  /// none has, after all have been looked at. Called by each of them; the first one counts.
  ///
  /// Without it a socket's delegate would see the time before the wait, up to a second ago, and
  /// what it does would not count as work.
  func turnBegins() {
    guard !isTurning else { return }
    isTurning = true
    turnStart = driver.clock()
    now = turnStart
  }

  /// One turn: due timers, waiting jobs and messages, then the participants. Returns whether
  /// anything is left to do at once.
  func turn() -> Bool {
    now = driver.clock()
    for token in wheel.due(at: now) {
      wheel.take(token)?.timerFired()
    }
    var budget = jobsPerTurn
    while budget > 0, runNext() { budget -= 1 }
    var unfinished = false
    for participant in participants where participant.endOfTurn() { unfinished = true }
    measureBusy()
    return hasWork || unfinished
  }

  /// The one predicate by which every exit decides whether the loop may sleep.
  private var hasWork: Bool { !jobs.isEmpty || !inbox.isEmpty }

  private func runNext() -> Bool {
    if jobs.isEmpty { jobs.append(contentsOf: inbox.take()) }
    guard let item = jobs.popFirst() else { return false }
    switch item {
    case .job(let job): job.runSynchronously(on: asUnownedSerialExecutor())
    case .message(let message): message()
    }
    return true
  }

  private func measureBusy() {
    let end = driver.clock()
    isTurning = false
    busyNanoseconds += end.nanoseconds - turnStart.nanoseconds
    turnStart = end
    let window = end.nanoseconds - ratioSince.nanoseconds
    if window > 1_000_000_000 {
      busyRatio = min(1, Double(busyNanoseconds) / Double(window))
      busyNanoseconds = 0
      ratioSince = end
    }
  }

  /// When the next timer is due.
  var nextDeadline: MonotonicInstant? { wheel.nextDeadline }

  /// Whether the loop may wait for the kernel; from here on a push wakes it.
  func fallAsleep() -> Bool { jobs.isEmpty && inbox.fallAsleep() }

  var hasWaitingItems: Bool { hasWork }

  // MARK: Life of the thread

  /// Claims the calling thread as this loop's.
  func claimThread() {
    thread.store(UInt(pthread_self()), ordering: .relaxed)
  }

  /// Runs what is left, then lets go of the thread.
  func finish() {
    participants = []
    // What a timer would have called must not be held by a loop that never turns again.
    wheel = TimerWheel(now: now)
    let own = UInt(pthread_self())
    repeat { while runNext() {} } while !inbox.leave()
    // From here on another thread may have adopted the inbox and claimed the loop.
    _ = thread.compareExchange(expected: own, desired: 0, ordering: .relaxed)
  }

  /// Runs items that arrive after the loop's own thread has ended, on a thread of their own: a task
  /// that awaits a pinned actor must always wake.
  private func adopt() {
    LoopThread.start(name: name) { [self] in
      claimThread()
      finish()
    }
  }
}
