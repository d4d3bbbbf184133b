import FanfareRuntime

/// Ends a poll's wait from outside, from any thread: the client has gone, or the task is cancelled.
///
/// A task cancellation handler would do the same, but its closures take the waiting task off its
/// loop.
public final class HangUp: Sendable {
  private enum State {
    case idle
    case waiting(LoopConfined<PollWaiter>)
    case over
  }

  private let state = Locked(State.idle)

  /// Nobody has hung up yet.
  public init() {}

  func connect(_ waiter: LoopConfined<PollWaiter>) {
    let isOver = state.withLock { state in
      if case .over = state { return true }
      state = .waiting(waiter)
      return false
    }
    if isOver { waiter.get.end() }
  }

  /// Ends the wait, now or when it begins.
  public func hangUp() {
    let before = state.withLock { state in
      defer { state = .over }
      return state
    }
    guard case .waiting(let waiter) = before else { return }
    if waiter.loop.isCurrent {
      waiter.get.end()
    } else {
      // Refused only by a loop whose inbox is full; the wait then ends by its own time.
      _ = waiter.loop.post { waiter.get.end() }
    }
  }
}
