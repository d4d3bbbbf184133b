import FanfareRuntime

/// Calls something once, later, on a loop.
final class CoreTimer: TimerTarget {
  private let body: () -> Void

  private init(_ body: @escaping () -> Void) {
    self.body = body
  }

  func timerFired() { body() }

  /// The loop holds it until then.
  static func after(_ delay: Duration, on loop: EventLoop, _ body: @escaping () -> Void) {
    _ = loop.schedule(after: delay, CoreTimer(body))
  }
}
