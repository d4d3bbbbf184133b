import FanfareActors
import FanfareRuntime

/// One loop's door to the core, through which it also gets what it is fed. Confined to the loop.
final class RedisDoor: TurnParticipant {
  private let loop: EventLoop
  private let asking: Door<RedisRequest, RedisAnswer>
  private var feed: (any BackplaneFeed)?
  /// The channels that are asked to be followed, by the numbers of the requests.
  private var following: [UInt64: ChannelName] = [:]
  /// What came for channels whose follow has been answered, until the one who asked has heard it.
  private var held: [ChannelName: [RedisDelivery]] = [:]
  /// The channels whose follows have been heard in this turn.
  private var heard: [ChannelName] = []
  private var isStarted = false

  /// - Parameter index: the loop's place among those of its node.
  init(index: Int, loop: EventLoop, core: LoopConfined<RedisCore>) {
    self.loop = loop
    asking = Door(on: loop, to: core.loop) { _, asked in
      for (number, request) in asked {
        core.get.receive(request, RedisTicket(loop: index, number: number))
      }
    }
  }

  func start(_ feed: (any BackplaneFeed)?) {
    self.feed = feed
    guard !isStarted else { return }
    isStarted = true
    loop.addTurnParticipant(self)
  }

  // MARK: Asking

  /// Asks, and waits for the answer without leaving the loop.
  func ask(_ request: RedisRequest) async -> RedisAnswer {
    await asking.ask(request) ?? .failed(.unavailable)
  }

  /// As ``ask(_:)``. What is fed of the channel meanwhile waits until the caller has gone on.
  func follow(_ channel: ChannelName) async -> RedisAnswer {
    let number = asking.begin(.follow(channel))
    following[number] = channel
    let answer = await asking.answer(to: number)
    heard.append(channel)
    return answer ?? .failed(.unavailable)
  }

  /// Asks for what is not answered.
  func tell(_ request: RedisRequest) { asking.tell(request) }

  /// What was asked leaves; what was held is fed. Returns whether it has to come back.
  func endOfTurn() -> Bool {
    // What the feed makes the hub do is done at the end of a turn, too.
    let hasReleased = release()
    return asking.endOfTurn() || hasReleased
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
    let channel = following.removeValue(forKey: ticket.number)
    if let channel, case .log = answer { held[channel] = [] }
    asking.answer(ticket.number, answer)
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
