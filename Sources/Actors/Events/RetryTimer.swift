import FanfareRuntime

/// Where those of one loop wait who ask a backplane again that could not answer. Loop-confined.
final class RetryTimer: TimerTarget {
  /// How long a backplane is left alone after it could not answer.
  static let interval = Duration.milliseconds(500)

  private let loop: EventLoop
  private var gates: [Gate] = []
  private var isStopped = false

  init(on loop: EventLoop) {
    self.loop = loop
  }

  /// The gate that opens when it is time to ask again.
  func gate() -> Gate {
    let gate = Gate(on: loop)
    if isStopped {
      gate.open()
    } else {
      if gates.isEmpty { _ = loop.schedule(after: Self.interval, self) }
      gates.append(gate)
    }
    return gate
  }

  func timerFired() { openAll() }

  /// The backplane may answer again: nobody waits longer.
  func openAll() {
    let waiting = gates
    gates = []
    for gate in waiting { gate.open() }
  }

  /// The loop will not turn much longer: nobody waits from now on.
  func stop() {
    isStopped = true
    openAll()
  }
}
