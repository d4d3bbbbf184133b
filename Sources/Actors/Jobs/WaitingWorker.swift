import FanfareRuntime

/// One worker that waits for jobs of a queue. Loop-confined.
final class WaitingWorker: TimerTarget, HangUpTarget {
  /// Why it waits no longer.
  enum Ending {
    case timeIsUp
    /// Nobody is there to take a job.
    case hungUp
    case drained
  }

  private enum State {
    /// In line. One that is due asks in the next round.
    case waiting(isDue: Bool)
    /// A round has begun that it takes part in, and it has not asked yet.
    case called
    /// The store has been asked and has not answered. One that is due asks again then.
    case asking(isDue: Bool)
  }

  private let loop: EventLoop
  private var state = State.waiting(isDue: true)
  private var gate: Gate?
  private var hasAsked = false
  private(set) var ending: Ending?

  init(on loop: EventLoop) {
    self.loop = loop
  }

  // MARK: What its line tells it

  /// Whether it takes part in the next round.
  var isDue: Bool {
    switch state {
    case .waiting(let isDue): isDue
    case .called, .asking: false
    }
  }

  /// Whether the round under way waits for it.
  var isInRound: Bool {
    switch state {
    case .waiting: false
    case .called, .asking: true
    }
  }

  /// The store may have something for it.
  func becomeDue() {
    switch state {
    case .waiting: state = .waiting(isDue: true)
    // What it is about to ask finds it.
    case .called: break
    case .asking: state = .asking(isDue: true)
    }
  }

  /// Its round begins.
  func call() {
    state = .called
    open()
  }

  // MARK: Its own task

  /// The gate that opens when it may ask, or need wait no longer; `nil` when that is so now.
  func gateToRound() -> Gate? {
    guard ending == nil || !hasAsked && ending == .timeIsUp, case .waiting = state else {
      return nil
    }
    let gate = Gate(on: loop)
    self.gate = gate
    return gate
  }

  /// Whether it asks now. One whose time was up before it could has its one question still.
  func beginsToAsk() -> Bool {
    guard case .called = state else { return false }
    guard ending == nil || !hasAsked && ending == .timeIsUp else { return false }
    state = .asking(isDue: false)
    hasAsked = true
    return true
  }

  /// The store had nothing.
  func foundNothing() {
    guard case .asking(let isDue) = state else { return }
    state = .waiting(isDue: isDue)
  }

  // MARK: Its end

  func timerFired() { end(.timeIsUp) }

  func hungUp() { end(.hungUp) }

  /// Its wait is over. Nobody who has gone comes back: the later of two endings counts.
  func end(_ ending: Ending) {
    if self.ending == nil || self.ending == .timeIsUp { self.ending = ending }
    // Before its first question it waits for its round still.
    if hasAsked || ending != .timeIsUp { open() }
  }

  private func open() {
    let gate = gate
    self.gate = nil
    gate?.open()
  }
}
