import FanfareBackplane
import FanfareRuntime
import FanfareTestKit

/// The model and two links to it, in a simulation.
final class RedisModelUnderTest: RedisUnderTest, RedisLinkDelegate, TimerTarget {
  let simulation: Simulation
  let model: RedisModel
  private var commands: (any RedisLink)?
  private var feed: (any RedisLink)?
  private(set) var opened = 0
  private(set) var ended: [RedisLost] = []
  private(set) var subscribed: [[UInt8]] = []
  private var messages: [(channel: [UInt8], payload: [UInt8])] = []
  private var timersFired = 0

  init(seed: UInt64) throws {
    simulation = Simulation(seed: seed, loops: 1)
    model = RedisModel(seed: seed, clock: simulation.loops[0])
    connect()
    try until("two links") { opened == 2 }
  }

  func connect() {
    let loop = simulation.loops[0]
    simulation.on(loop) {
      let connector = RedisModelConnector(model: model)
      commands = connector.connect(.commands, on: loop, delegate: self)
      feed = connector.connect(.feed, on: loop, delegate: self)
    }
  }

  /// Runs the world until `condition` holds.
  func until(_ what: String, _ condition: () -> Bool) throws {
    guard simulation.run(stepsMax: 100_000, until: condition) else {
      throw ClientFailure.timedOut(what)
    }
  }

  /// Sends without waiting.
  func send(
    _ command: [[UInt8]], reply: @escaping (Result<RedisValue, RedisLost>) -> Void
  ) {
    simulation.on(simulation.loops[0]) { commands?.send(command, reply: reply) }
  }

  func run(_ command: [[UInt8]]) throws -> RedisValue {
    var answer: Result<RedisValue, RedisLost>?
    send(command) { answer = $0 }
    try until("a reply") { answer != nil }
    guard let answer else { throw ClientFailure.timedOut("a reply") }
    return try answer.get()
  }

  func wait(milliseconds: Int64) throws {
    let loop = simulation.loops[0]
    let before = timersFired
    simulation.on(loop) {
      _ = loop.schedule(at: simulation.now + .milliseconds(milliseconds), self)
    }
    try until("a timer") { timersFired > before }
  }

  func timerFired() { timersFired += 1 }

  func subscribe(_ channel: [UInt8]) throws {
    simulation.on(simulation.loops[0]) { feed?.subscribe([channel]) }
    try until("a subscription") { subscribed.contains(channel) }
  }

  func nextMessage() throws -> (channel: [UInt8], payload: [UInt8]) {
    try until("a message") { !messages.isEmpty }
    return messages.removeFirst()
  }

  /// The messages that have arrived and were not taken.
  var waitingMessages: Int { messages.count }

  func linkOpened(_ link: any RedisLink) { opened += 1 }

  func link(_ link: any RedisLink, ended reason: RedisLost) { ended.append(reason) }

  func link(_ link: any RedisLink, subscribed channel: [UInt8]) { subscribed.append(channel) }

  func link(_ link: any RedisLink, received message: [UInt8], on channel: [UInt8]) {
    messages.append((channel, message))
  }
}
