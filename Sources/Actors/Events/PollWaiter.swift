import FanfareRuntime

/// One caller that waits for something to happen in any of several channels. Loop-confined.
final class PollWaiter: TimerTarget {
  private var continuation: CheckedContinuation<Void, Never>?
  private var isSignalled = false
  /// The wait is over whether or not something happened: its time has passed, or nobody waits.
  private(set) var isOver = false

  /// Returns at the next signal, or at once if there was one since the last wait.
  func wait(isolation: isolated (any Actor)? = #isolation) async {
    if !isSignalled, !isOver {
      await withCheckedContinuation { continuation = $0 }
    }
    isSignalled = false
  }

  func signal() {
    isSignalled = true
    continuation?.resume()
    continuation = nil
  }

  func timerFired() { end() }

  func end() {
    isOver = true
    signal()
  }
}
