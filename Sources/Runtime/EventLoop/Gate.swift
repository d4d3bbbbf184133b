/// Where a task waits for something on its loop without leaving it.
///
/// A continuation would do, but the runtime resumes every continuation on the global pool, from
/// where the task hops back: 10 µs, and in a simulation the end of determinism. A gate is an actor
/// whose executor keeps the waiting task's job until the gate is opened, and then puts it in the
/// loop's own queue. One task passes one gate, once.
public actor Gate {
  /// Runs what waits at this gate when it opens.
  public nonisolated let unownedExecutor: UnownedSerialExecutor
  private nonisolated let door: Door
  // Written in `pass()`: the compiler elides the hop to an actor whose method has no effect.
  private var isPassed = false

  /// A closed gate of `loop`.
  public init(on loop: EventLoop) {
    door = Door(loop)
    unownedExecutor = door.asUnownedSerialExecutor()
  }

  /// Returns once the gate is open. Call it from an actor of the gate's loop.
  public func pass() {
    isPassed = true
  }

  /// Lets the waiting task go on, or the next that comes. On the loop.
  public nonisolated func open() {
    door.open()
  }
}

/// The executor of a ``Gate``.
///
/// `@unchecked Sendable`: `state` is touched on `loop` alone, which both entry points check.
private final class Door: SerialExecutor, @unchecked Sendable {
  private enum State {
    case closed
    case waiting(UnownedJob)
    case open
  }

  private let loop: EventLoop
  private var state = State.closed

  init(_ loop: EventLoop) {
    self.loop = loop
  }

  func enqueue(_ job: consuming ExecutorJob) {
    loop.preconditionOnLoop()
    let job = UnownedJob(job)
    switch state {
    case .closed: state = .waiting(job)
    case .waiting: preconditionFailure("a second task waits at one gate")
    case .open: loop.run(job, on: self)
    }
  }

  func open() {
    loop.preconditionOnLoop()
    if case .waiting(let job) = state { loop.run(job, on: self) }
    state = .open
  }

  func asUnownedSerialExecutor() -> UnownedSerialExecutor {
    UnownedSerialExecutor(ordinary: self)
  }
}
