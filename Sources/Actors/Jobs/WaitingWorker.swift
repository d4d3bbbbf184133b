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
    /// In line.
    case waiting
    /// A round has begun that it takes part in, and it has not asked yet.
    case called
    /// The store has been asked and has not answered.
    case asking
  }

  let name: WorkerName
  let ability: RoundFindings.Ability
  private let loop: EventLoop
  private var state = State.waiting
  private var gate: Gate?
  /// The newest round when it came.
  private var joined = 0
  /// The newest round when the store told last that it may have something, or when this one came.
  /// `nil` where it has asked since, or another has of whose answer it knows.
  private var dueSince: Int?
  /// Whether its question has been put, by itself or by another of whose answer it knows.
  private(set) var hasAsked = false
  private(set) var ending: Ending?

  init(_ name: WorkerName, tasks: [TaskName]?, on loop: EventLoop) {
    self.name = name
    ability = tasks.map { Set($0) }
    self.loop = loop
  }

  // MARK: What its line tells it

  /// `round` is the newest. It asks in one to come.
  func join(in round: Int) {
    joined = round
    dueSince = round
  }

  /// Whether it is to take part in a round.
  var isDue: Bool {
    guard case .waiting = state else { return false }
    return dueSince != nil
  }

  /// Whether it was in line when `round`, the newest, began, and is still.
  func hasWaited(for round: Int) -> Bool { joined < round }

  /// Whether the round under way waits for it.
  var isInRound: Bool {
    switch state {
    case .waiting: false
    case .called, .asking: true
    }
  }

  /// The store may have something for it. `round` is the newest.
  func becomeDue(in round: Int) {
    switch state {
    case .waiting, .asking: dueSince = round
    // What it is about to ask finds it.
    case .called: break
    }
  }

  /// Its round begins.
  func call() {
    state = .called
    dueSince = nil
    open()
  }

  /// The store has said to one who asked in `round` what means that it has nothing for this one.
  func heardOfNothing(in round: Int) {
    // What it has become able to give since that round began may be what it did not have then.
    if let since = dueSince, since < round { dueSince = nil }
    hasAsked = true
    if ending == .timeIsUp { open() }
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
    state = .asking
    hasAsked = true
    return true
  }

  /// The store had nothing.
  func foundNothing() {
    guard case .asking = state else { return }
    state = .waiting
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
