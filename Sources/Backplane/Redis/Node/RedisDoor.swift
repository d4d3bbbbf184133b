import FanfareActors
import FanfareRuntime

/// One loop's door to the core: what is asked in one turn leaves in one message, and who asked
/// waits here. Confined to the loop.
final class RedisDoor: TurnParticipant {
  private struct Waiter {
    let gate: Gate
    /// The channel that was asked to be followed.
    let following: ChannelName?
    var answer: RedisAnswer?
  }

  /// The loop's place among those of its node.
  private let index: Int
  private let loop: EventLoop
  private let core: LoopConfined<RedisCore>
  private var feed: (any BackplaneFeed)?
  private var waiters: [UInt64: Waiter] = [:]
  private var lastNumber: UInt64 = 0
  private var outgoing: [(RedisTicket, RedisRequest)] = []
  /// What came for channels whose follow has been answered, until the one who asked has heard it.
  private var held: [ChannelName: [RedisDelivery]] = [:]
  /// The channels whose follows have been heard in this turn.
  private var heard: [ChannelName] = []
  private var isStarted = false

  init(index: Int, loop: EventLoop, core: LoopConfined<RedisCore>) {
    self.index = index
    self.loop = loop
    self.core = core
  }

  func start(_ feed: (any BackplaneFeed)?) {
    self.feed = feed
    guard !isStarted else { return }
    isStarted = true
    loop.addTurnParticipant(self)
  }

  // MARK: Asking

  /// Asks, and waits for the answer without leaving the loop.
  func ask(_ request: RedisRequest, following: ChannelName? = nil) async -> RedisAnswer {
    let ticket = send(request)
    let gate = Gate(on: loop)
    waiters[ticket.number] = Waiter(gate: gate, following: following)
    await gate.pass()
    return waiters.removeValue(forKey: ticket.number)?.answer ?? .failed(.unavailable)
  }

  /// As ``ask(_:)``. What is fed of the channel meanwhile waits until the caller has gone on.
  func follow(_ channel: ChannelName) async -> RedisAnswer {
    let answer = await ask(.follow(channel), following: channel)
    heard.append(channel)
    return answer
  }

  /// Asks for what is not answered.
  func tell(_ request: RedisRequest) {
    _ = send(request)
  }

  private func send(_ request: RedisRequest) -> RedisTicket {
    lastNumber += 1
    let ticket = RedisTicket(loop: index, number: lastNumber)
    if core.loop === loop {
      core.get.receive(request, ticket)
    } else {
      outgoing.append((ticket, request))
    }
    return ticket
  }

  /// What was asked leaves; what was held is fed. Returns whether it has to come back.
  func endOfTurn() -> Bool {
    // What the feed makes the hub do is done at the end of a turn, too.
    let hasReleased = release()
    guard !outgoing.isEmpty else { return hasReleased }
    let batch = outgoing
    let core = core
    let isPosted = core.loop.post {
      for (ticket, request) in batch { core.get.receive(request, ticket) }
    }
    // A full inbox empties: the core's loop is far behind, and this comes back.
    guard isPosted else { return true }
    outgoing = []
    return hasReleased
  }

  // MARK: Answers and the feed

  func receive(_ deliveries: [RedisDelivery]) {
    for delivery in deliveries {
      switch delivery {
      case .answer(let ticket, let answer): open(ticket, answer)
      case .events(let channel, _), .skipped(let channel, _), .restarted(let channel, _):
        if held[channel] == nil { pass(delivery) } else { held[channel]?.append(delivery) }
      }
    }
  }

  private func open(_ ticket: RedisTicket, _ answer: RedisAnswer) {
    guard let waiter = waiters[ticket.number] else { return }
    if let channel = waiter.following, case .log = answer { held[channel] = [] }
    waiters[ticket.number]?.answer = answer
    waiter.gate.open()
  }

  /// Feeds what came between the answer to a follow and the moment at which it was heard.
  private func release() -> Bool {
    guard !heard.isEmpty else { return false }
    let channels = heard
    heard = []
    for channel in channels {
      for delivery in held.removeValue(forKey: channel) ?? [] { pass(delivery) }
    }
    return true
  }

  private func pass(_ delivery: RedisDelivery) {
    switch delivery {
    case .answer: break
    case .events(let channel, let events): feed?.received(events, in: channel)
    case .skipped(let channel, let offset): feed?.skipped(through: offset, in: channel)
    case .restarted(let channel, let log): feed?.restarted(log, in: channel)
    }
  }
}
