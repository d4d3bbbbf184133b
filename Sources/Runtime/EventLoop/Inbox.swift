/// What other threads hand to a loop: jobs of the Swift runtime, and messages between loops, in one
/// order. Two things sent by one thread arrive in the order in which it sent them.
///
/// Messages are bounded and refused when full. Jobs cannot be refused (a refused job is a task that
/// never wakes); their number is bounded by what awaits: at most one per connection and caller.
final class Inbox: Sendable {
  enum Item {
    case job(UnownedJob)
    case message(@Sendable () -> Void)
  }

  /// What the pusher must do so that its item is seen.
  enum Push {
    /// The loop is awake and will look before it sleeps.
    case seen
    /// The loop sleeps, and this pusher is the one to wake it.
    case wake
    /// The loop's thread has ended, and this pusher is the one to run what still arrives.
    case adopt
    /// A message past the bound. Nothing was stored.
    case full
  }

  private enum Reader {
    case awake
    case asleep
    case gone
    case adopted
  }

  private struct State {
    var items: [Item] = []
    var messages = 0
    var reader = Reader.awake
  }

  private let state = Locked(State())
  private let messagesMax: Int

  init(messagesMax: Int) {
    self.messagesMax = messagesMax
  }

  func push(_ item: Item) -> Push {
    state.withLock { state in
      if case .message = item {
        guard state.messages < messagesMax else { return .full }
        state.messages += 1
      }
      state.items.append(item)
      switch state.reader {
      case .awake, .adopted: return .seen
      case .asleep:
        state.reader = .awake
        return .wake
      case .gone:
        state.reader = .adopted
        return .adopt
      }
    }
  }

  /// Takes everything, oldest first.
  func take() -> [Item] {
    state.withLock { state in
      if state.reader == .asleep { state.reader = .awake }
      guard !state.items.isEmpty else { return [] }
      var taken: [Item] = []
      swap(&taken, &state.items)
      state.messages = 0
      return taken
    }
  }

  var isEmpty: Bool { state.withLock { $0.items.isEmpty } }

  /// Declares the loop asleep unless something is waiting: the check and the declaration are one
  /// step, else an item pushed between them would be seen only at the next unrelated wake.
  func fallAsleep() -> Bool {
    state.withLock { state in
      guard state.items.isEmpty else { return false }
      state.reader = .asleep
      return true
    }
  }

  /// Ends the reading thread unless something is waiting.
  func leave() -> Bool {
    state.withLock { state in
      guard state.items.isEmpty else { return false }
      state.reader = .gone
      return true
    }
  }
}
