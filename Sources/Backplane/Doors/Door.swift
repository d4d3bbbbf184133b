import FanfareRuntime

/// One loop's door to what lives on another: what is asked in one turn leaves in one message, and
/// who asked waits here, without leaving the loop. Confined to the loop.
final class Door<Request: Sendable, Answer: Sendable>: TurnParticipant {
  typealias Delivery =
    @Sendable (LoopConfined<Door>, [(number: UInt64, request: Request)]) -> Void

  private struct Waiter {
    let gate: Gate
    var answer: Answer?
  }

  private let loop: EventLoop
  private let far: EventLoop
  /// Hands over what was asked here, in its order, each with the number that its answer has to
  /// name. Called on `far`.
  private let deliver: Delivery
  private var waiters: [UInt64: Waiter] = [:]
  private var lastNumber: UInt64 = 0
  private var outgoing: [(number: UInt64, request: Request)] = []
  private var isStarted = false

  init(on loop: EventLoop, to far: EventLoop, _ deliver: @escaping Delivery) {
    self.loop = loop
    self.far = far
    self.deliver = deliver
  }

  /// Lets what is asked leave at the end of each turn, unless somebody else calls
  /// ``endOfTurn()``.
  func start() {
    guard !isStarted else { return }
    isStarted = true
    loop.addTurnParticipant(self)
  }

  /// Asks, and waits for the answer; `nil` where there is none.
  func ask(_ request: Request) async -> Answer? { await answer(to: begin(request)) }

  /// Asks for what ``answer(to:)`` has to wait for. Returns the number to wait with.
  func begin(_ request: Request) -> UInt64 {
    let number = nextNumber()
    // Before it is sent: on the same loop the answer may come at once.
    waiters[number] = Waiter(gate: Gate(on: loop))
    send(request, number)
    return number
  }

  func answer(to number: UInt64) async -> Answer? {
    guard let gate = waiters[number]?.gate else { return nil }
    await gate.pass()
    return waiters.removeValue(forKey: number)?.answer
  }

  /// Asks for what is not answered.
  func tell(_ request: Request) { send(request, nextNumber()) }

  private var confined: LoopConfined<Door> { LoopConfined(self, to: loop) }

  private func nextNumber() -> UInt64 {
    lastNumber += 1
    return lastNumber
  }

  private func send(_ request: Request, _ number: UInt64) {
    if far === loop {
      deliver(confined, [(number, request)])
    } else {
      outgoing.append((number, request))
    }
  }

  /// What was asked leaves. Returns whether it has to come back.
  func endOfTurn() -> Bool {
    guard !outgoing.isEmpty else { return false }
    let batch = outgoing
    let deliver = deliver
    let door = confined
    // A full inbox empties: the other loop is far behind, and this comes back.
    guard far.post({ deliver(door, batch) }) else { return true }
    outgoing = []
    return false
  }

  /// Lets the one go on who asked `number`.
  func answer(_ number: UInt64, _ answer: Answer) {
    guard let gate = waiters[number]?.gate else { return }
    waiters[number]?.answer = answer
    gate.open()
  }
}
