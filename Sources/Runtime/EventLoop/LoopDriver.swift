import CLibuv
import Glibc

/// What turns a loop: libuv in the product, a seeded simulation in tests.
enum LoopDriver {
  case libuv(LibuvDriver)
  case simulated(Simulation, place: Int)

  func clock() -> MonotonicInstant {
    switch self {
    case .libuv: MonotonicInstant(nanoseconds: uv_hrtime())
    case .simulated(let simulation, _): simulation.now
    }
  }

  func wallMilliseconds() -> Int64 {
    switch self {
    case .libuv:
      var time = timespec()
      clock_gettime(CLOCK_REALTIME, &time)
      return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    case .simulated(let simulation, _): return simulation.wallMilliseconds
    }
  }

  /// Traps when a job reaches a simulated loop from another thread: some task has left the
  /// simulated loops for the global pool, and the seed no longer decides what happens when.
  func checkCaller() {
    guard case .simulated(let simulation, _) = self else { return }
    let isInside = simulation.isOnItsThread
    precondition(isInside, "a task left the simulated loops")
  }

  /// Ends the loop's wait. Any thread.
  func wake() {
    switch self {
    case .libuv(let driver): driver.wake()
    case .simulated: break
    }
  }
}

/// Something of a loop that must be closed before the loop can end.
protocol LoopResource: AnyObject {
  func closeResource()
}
