import FanfareBackplane
import FanfareRuntime

/// A Redis in memory, for simulated worlds: the commands that Fanfare uses, the functions with the
/// same results, pub/sub, and the faults of a server and its network. The suites of the functions
/// run over it and over a real server.
///
/// One model is shared by all nodes of a world; each connects by a ``RedisModelConnector``. In a
/// simulation the same seed gives the same order of everything.
package final class RedisModel: Sendable {
  private struct State {
    var server: RedisModelServer
    var faults = RedisModelFaults()
    var isUp = true
    /// Counts the processes: a connection to one is none to the next.
    var process = 0
    var isFrozen = false
    var clockShift: Int64 = 0
    var links: [Int: LoopConfined<RedisModelLink>] = [:]
    var linkCount = 0
    /// By pub/sub channel, in the order of subscription.
    var subscribers: [[UInt8]: [Int]] = [:]
    var random: SeededGenerator
  }

  /// How a message reaches one subscriber.
  private struct Delivery {
    let link: LoopConfined<RedisModelLink>
    let message: RedisModelServer.Message
    let delay: Duration
  }

  private let state: Locked<State>
  private let clock: EventLoop

  /// An empty Redis that has just been started.
  ///
  /// - Parameter clock: the loop whose time of day it has.
  package init(seed: UInt64, clock: EventLoop) {
    self.clock = clock
    state = Locked(
      State(
        server: RedisModelServer(seed: seed &+ 1), random: SeededGenerator(seed: seed)))
  }

  // MARK: Faults

  /// What goes wrong from now on.
  package var faults: RedisModelFaults {
    get { state.withLock { $0.faults } }
    set { state.withLock { $0.faults = newValue } }
  }

  /// Whether it says that its append-only file is written before a publish is answered.
  package func setDurable(_ isDurable: Bool) {
    state.withLock { $0.server.isDurable = isDurable }
  }

  /// Its time of day jumps.
  package func shiftClock(milliseconds: Int64) {
    state.withLock { $0.clockShift += milliseconds }
  }

  /// Ends every connection, or those of one purpose: a network's fault, `CLIENT KILL`, a feed whose
  /// output buffer overran. Some of the commands on their way are still done.
  package func cut(_ purpose: RedisPurpose? = nil, reason: String = "reset") {
    let links = state.withLock { $0.links }
    for (_, link) in links.sorted(by: { $0.key < $1.key }) {
      post(to: link) { if purpose == nil || $0.purpose == purpose { $0.lose(reason) } }
    }
  }

  /// The process that has `loop` ends on the spot: its connections break, and it hears nothing of
  /// that. Some of the commands on their way are still done. On that loop.
  package func forget(clientsOn loop: EventLoop) {
    let links = state.withLock { $0.links.filter { $0.value.loop === loop } }
    for (_, link) in links.sorted(by: { $0.key < $1.key }) { link.get.vanish() }
  }

  /// The process ends: connections are cut, new ones refused. What was on its way to it is lost.
  package func goDown() {
    state.withLock { state in
      state.isUp = false
      state.process += 1
      state.subscribers = [:]
    }
    cut(reason: "closed by the server")
  }

  /// The process runs again, as another run, with what it held at `snapshot`; by default with all
  /// that it acknowledged.
  package func comeUp(with snapshot: RedisModelSnapshot? = nil) {
    state.withLock { state in
      if let snapshot {
        let before = state.server
        state.server = snapshot.server
        // Chance goes on: what is lost is not made again alike.
        state.server.random = before.random
        state.server.isDurable = before.isDurable
      }
      state.server.beginRun()
      state.isUp = true
    }
  }

  /// Down and up at once.
  package func restart(with snapshot: RedisModelSnapshot? = nil) {
    goDown()
    comeUp(with: snapshot)
  }

  /// The generation of all logs.
  package var generation: Generation? {
    state.withLock { $0.server.spaces[RedisKeys().prefix]?.generation }
  }

  /// What it holds now.
  package func snapshot() -> RedisModelSnapshot {
    state.withLock { RedisModelSnapshot(server: $0.server) }
  }

  /// `SIGSTOP`: connections stay open, and nothing is done on them until ``thaw()``.
  package func freeze() { state.withLock { $0.isFrozen = true } }

  /// `SIGCONT`.
  package func thaw() {
    let links = state.withLock { state in
      state.isFrozen = false
      return state.links
    }
    for (_, link) in links.sorted(by: { $0.key < $1.key }) { post(to: link) { $0.pump() } }
  }

  /// `FLUSHALL`.
  package func flush() { run("FLUSHALL") }

  /// `FUNCTION FLUSH`.
  package func dropFunctions() { run("FUNCTION", "FLUSH") }

  /// The connections that are open.
  package var linkCount: Int { state.withLock { $0.links.count } }

  // MARK: Commands

  /// Does what a client beside the links asks for, at once and whatever the faults.
  @discardableResult
  package func run(_ words: String...) -> RedisValue {
    run(words.map { Array($0.utf8) })
  }

  /// The same with words of any bytes.
  @discardableResult
  package func run(_ command: [[UInt8]]) -> RedisValue {
    let now = clock.wallMilliseconds()
    let (reply, deliveries) = state.withLock { state in
      var deliveries: [Delivery] = []
      var messages: [RedisModelServer.Message] = []
      let reply = state.server.execute(command, now: now + state.clockShift) {
        messages.append($0)
      }
      for message in messages { deliveries += Self.deliveries(of: message, &state) }
      return (reply, deliveries)
    }
    for delivery in deliveries {
      post(to: delivery.link) { $0.arrived(delivery.message, delay: delivery.delay) }
    }
    return reply
  }

  /// A command that came by a link.
  func execute(_ command: [[UInt8]]) -> RedisValue {
    let refusal = state.withLock { state in
      let isPublish = command.count > 1 && command[1].elementsEqual("fanfare_publish".utf8)
      return state.faults.refusal ?? (isPublish ? state.faults.publishRefusal : nil)
    }
    return refusal.map { .error($0) } ?? run(command)
  }

  private static func deliveries(
    of message: RedisModelServer.Message, _ state: inout State
  ) -> [Delivery] {
    var deliveries: [Delivery] = []
    for number in state.subscribers[message.channel] ?? [] {
      guard let link = state.links[number] else { continue }
      if state.random.below(1_000) < state.faults.lostPerThousand { continue }
      let times = state.random.below(1_000) < state.faults.doubledPerThousand ? 2 : 1
      for _ in 0..<times {
        deliveries.append(Delivery(link: link, message: message, delay: delay(&state)))
      }
    }
    return deliveries
  }

  private static func delay(_ state: inout State) -> Duration {
    guard state.random.isOne(in: max(1, state.faults.delayedOneIn)) else { return .zero }
    return .milliseconds(state.random.int(state.faults.delayMilliseconds))
  }

  // MARK: Links

  /// How long the next thing on a link takes on its way.
  func nextDelay() -> Duration { state.withLock { Self.delay(&$0) } }

  /// Whether a command that was on its way when its link was cut is still done.
  func chanceOfArrival() -> Bool { state.withLock { $0.random.isOne(in: 2) } }

  /// Whether the process does anything at present.
  func isWorking(_ process: Int) -> Bool {
    state.withLock { $0.isUp && !$0.isFrozen && $0.process == process }
  }

  /// The process that takes connections; `nil` where none does.
  var process: Int? { state.withLock { $0.isUp ? $0.process : nil } }

  func add(_ link: RedisModelLink, on loop: EventLoop) -> Int {
    let confined = LoopConfined(link, to: loop)
    return state.withLock { state in
      state.linkCount += 1
      state.links[state.linkCount] = confined
      return state.linkCount
    }
  }

  func remove(_ number: Int, subscriptions: Set<[UInt8]>) {
    state.withLock { state in
      state.links[number] = nil
      for channel in subscriptions { Self.unsubscribe(number, channel, &state) }
    }
  }

  func subscribe(_ number: Int, to channel: [UInt8]) {
    state.withLock { state in
      guard state.subscribers[channel]?.contains(number) != true else { return }
      state.subscribers[channel, default: []].append(number)
    }
  }

  func unsubscribe(_ number: Int, from channel: [UInt8]) {
    state.withLock { Self.unsubscribe(number, channel, &$0) }
  }

  private static func unsubscribe(_ number: Int, _ channel: [UInt8], _ state: inout State) {
    state.subscribers[channel]?.removeAll { $0 == number }
    if state.subscribers[channel]?.isEmpty == true { state.subscribers[channel] = nil }
  }

  private func post(
    to link: LoopConfined<RedisModelLink>, _ body: @escaping @Sendable (RedisModelLink) -> Void
  ) {
    let isPosted = link.loop.post { body(link.get) }
    precondition(isPosted, "the loop's inbox is full")
  }
}
