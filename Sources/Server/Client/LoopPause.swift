import FanfareRuntime

/// Lets a client on a loop wait, and lets others end the wait early.
actor LoopPause: TimerTarget {
  nonisolated let unownedExecutor: UnownedSerialExecutor
  private let loop: EventLoop
  private var timer = TimerToken.none
  private var waiter: CheckedContinuation<Void, Never>?
  private var isOver = false

  init(_ loop: EventLoop) {
    self.loop = loop
    unownedExecutor = loop.asUnownedSerialExecutor()
  }

  /// Returns when `delay` has passed, or at once after ``end()``. One wait at a time.
  func wait(_ delay: Duration) async {
    guard !isOver, delay > .zero else { return }
    timer = loop.schedule(after: delay, self)
    await withCheckedContinuation { waiter = $0 }
    loop.cancel(timer)
  }

  /// Ends the wait under way and every later one.
  func end() {
    isOver = true
    wake()
  }

  nonisolated func timerFired() {
    assumeIsolated { $0.wake() }
  }

  private func wake() {
    let waiter = waiter
    self.waiter = nil
    waiter?.resume()
  }
}
