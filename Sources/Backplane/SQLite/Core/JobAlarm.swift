import FanfareRuntime

/// Lets the store's loop turn when something is due. What it is, the store finds out itself at the
/// end of that turn. Loop-confined.
final class JobAlarm: TimerTarget {
  private let loop: EventLoop
  private var set: (instant: MonotonicInstant, token: TimerToken)?

  init(loop: EventLoop) {
    self.loop = loop
  }

  var isSet: Bool { self.set != nil }

  func set(_ instant: MonotonicInstant?) {
    guard instant != set?.instant else { return }
    cancel()
    if let instant { set = (instant, loop.schedule(at: instant, self)) }
  }

  func cancel() {
    if let set { loop.cancel(set.token) }
    set = nil
  }

  func timerFired() { set = nil }
}
