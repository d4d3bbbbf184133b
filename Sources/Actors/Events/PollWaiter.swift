import FanfareRuntime

/// One caller that waits for something to happen in any of several channels. Loop-confined.
final class PollWaiter: TimerTarget, HangUpTarget {
  private enum State {
    case idle
    case waiting(Gate)
    /// Something happened while nobody waited.
    case signalled
  }

  private let loop: EventLoop
  private var state = State.idle
  /// The wait is over whether or not something happened: its time has passed, or nobody waits.
  private(set) var isOver = false

  init(on loop: EventLoop) {
    self.loop = loop
  }

  /// The gate that the next signal opens; `nil` when there was one since the last wait.
  func gate() -> Gate? {
    switch state {
    case .signalled:
      state = .idle
      return nil
    case .idle, .waiting:
      guard !isOver else { return nil }
      let gate = Gate(on: loop)
      state = .waiting(gate)
      return gate
    }
  }

  func signal() {
    switch state {
    case .waiting(let gate):
      state = .idle
      gate.open()
    case .idle, .signalled: state = .signalled
    }
  }

  func timerFired() { end() }

  func hungUp() { end() }

  func end() {
    isOver = true
    signal()
  }
}

/// Wakes a poll once, without ending its wait. Loop-confined.
final class PollAlarm: TimerTarget {
  private let waiter: PollWaiter

  init(_ waiter: PollWaiter) {
    self.waiter = waiter
  }

  func timerFired() { waiter.signal() }
}
