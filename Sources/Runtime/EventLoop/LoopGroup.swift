import Glibc

/// The loops of one process, each on a thread of its own.
public final class LoopGroup: Sendable {
  /// The loops, by index.
  public let loops: [EventLoop]

  private struct Ending {
    var running: Int
    var waiting: [CheckedContinuation<Void, Never>] = []
    var isStopping = false
  }

  private let ending: Locked<Ending>

  private init(loops: [EventLoop]) {
    self.loops = loops
    ending = Locked(Ending(running: loops.count))
  }

  /// The cores this process may run on.
  public static var coreCount: Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }

  /// Starts `count` loops, their randomness seeded by the system.
  ///
  /// - Parameter name: of their threads, at most 15 bytes; `loop-0` and so on where there is none.
  public static func start(
    count: Int, name: String? = nil
  ) throws(RuntimeError) -> LoopGroup {
    var system = SystemRandomNumberGenerator()
    var loops: [EventLoop] = []
    for index in 0..<max(1, count) {
      let driver = try LibuvDriver()
      loops.append(
        EventLoop(index: index, name: name, seed: system.next(), driver: .libuv(driver)))
    }
    let group = LoopGroup(loops: loops)
    for loop in loops {
      guard case .libuv(let driver) = loop.driver else { continue }
      // The driver goes to the loop's thread for good; nothing else runs or closes it.
      let handOver = HandOver(driver)
      let code = LoopThread.start(name: loop.name) {
        handOver.value.run(loop)
        group.ended()
      }
      guard code == 0 else {
        throw RuntimeError(operation: "pthread_create", code: -code)
      }
    }
    return group
  }

  /// Closes every socket and ends every thread; returns when all have ended. Tasks that still await
  /// an actor of a loop are run to their end.
  public func stop() async {
    let first = ending.withLock { ending in
      defer { ending.isStopping = true }
      return !ending.isStopping
    }
    if first {
      for loop in loops {
        // A full inbox empties: the loop is alive until this message has been seen.
        while !loop.post({ loop.close() }) { sched_yield() }
      }
    }
    await withCheckedContinuation { continuation in
      let done = ending.withLock { ending in
        if ending.running > 0 { ending.waiting.append(continuation) }
        return ending.running == 0
      }
      if done { continuation.resume() }
    }
  }

  private func ended() {
    let waiting = ending.withLock { ending in
      ending.running -= 1
      return ending.running == 0 ? ending.waiting : []
    }
    for continuation in waiting { continuation.resume() }
  }
}

extension EventLoop {
  /// Closes what is open and lets the thread end. On the loop.
  func close() {
    if case .libuv(let driver) = driver { driver.close(self) }
  }
}

/// Carries a value to the one thread that will use it from then on.
private struct HandOver<Value>: @unchecked Sendable {
  // Invariant: the sender does not touch the value after the receiver's thread has been started.
  let value: Value

  init(_ value: Value) {
    self.value = value
  }
}
