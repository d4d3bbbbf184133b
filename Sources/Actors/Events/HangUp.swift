import FanfareRuntime

/// What is told that nobody waits any more.
protocol HangUpTarget: AnyObject {
  /// Called on its loop, once.
  func hungUp()
}

/// Ends a wait from outside, from any thread: the client has gone, or the task is cancelled.
///
/// A task cancellation handler would do the same, but its closures take the waiting task off its
/// loop.
public final class HangUp: Sendable {
  private enum State {
    case idle
    case waiting(LoopConfined<any HangUpTarget>)
    case over
  }

  private let state = Locked(State.idle)

  /// Nobody has hung up yet.
  public init() {}

  func connect(_ target: LoopConfined<any HangUpTarget>) {
    let isOver = state.withLock { state in
      if case .over = state { return true }
      state = .waiting(target)
      return false
    }
    if isOver { target.get.hungUp() }
  }

  /// Ends the wait, now or when it begins.
  public func hangUp() {
    let before = state.withLock { state in
      defer { state = .over }
      return state
    }
    guard case .waiting(let target) = before else { return }
    if target.loop.isCurrent {
      target.get.hungUp()
    } else {
      // Refused only by a loop whose inbox is full; the wait then ends by its own time.
      _ = target.loop.post { target.get.hungUp() }
    }
  }
}
