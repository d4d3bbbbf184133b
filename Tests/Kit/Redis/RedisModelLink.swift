import DequeModule
import FanfareBackplane
import FanfareRuntime

/// A connection to a ``RedisModel``: two lines on which things travel in order and take their time.
final class RedisModelLink: RedisLink, TimerTarget {
  private enum State {
    case opening
    case open
    case ended
  }

  private enum Upward {
    case greeting
    case command([[UInt8]])
    case subscribe([[UInt8]])
    case unsubscribe([[UInt8]])

    var isGreeting: Bool {
      if case .greeting = self { true } else { false }
    }
  }

  private enum Downward {
    case opened
    case reply(RedisValue)
    case subscribed([UInt8])
    case message([UInt8], on: [UInt8])
    case ended(RedisLost)
  }

  private struct Travelling<Item> {
    let due: MonotonicInstant
    let item: Item
  }

  private struct Pending {
    let deadline: MonotonicInstant
    let reply: (Result<RedisValue, RedisLost>) -> Void
  }

  let purpose: RedisPurpose
  private let model: RedisModel
  private let loop: EventLoop
  private let answerTimeout: Duration
  private var delegate: (any RedisLinkDelegate)?
  private var number = 0
  /// Which process of the model it leads to.
  private let process: Int
  private var state = State.opening
  private var up = Deque<Travelling<Upward>>()
  private var down = Deque<Travelling<Downward>>()
  private var pending = Deque<Pending>()
  private var subscriptions: Set<[UInt8]> = []
  private let greetingDeadline: MonotonicInstant
  private var timer: (token: TimerToken, due: MonotonicInstant)?
  private var isAwaited = false

  init(
    to model: RedisModel, _ purpose: RedisPurpose, on loop: EventLoop, answerTimeout: Duration,
    delegate: any RedisLinkDelegate
  ) {
    loop.preconditionOnLoop()
    self.model = model
    self.purpose = purpose
    self.loop = loop
    self.answerTimeout = answerTimeout
    self.delegate = delegate
    greetingDeadline = loop.now + answerTimeout
    let process = model.process
    self.process = process ?? -1
    number = model.add(self, on: loop)
    if process == nil {
      travel(down: .ended(RedisLost("refused")))
    } else {
      travel(up: .greeting)
    }
  }

  // MARK: The link

  func send(
    _ command: [[UInt8]], reply: @escaping (Result<RedisValue, RedisLost>) -> Void
  ) {
    loop.preconditionOnLoop()
    precondition(purpose == .commands, "a command on a feed")
    pending.append(Pending(deadline: loop.now + answerTimeout, reply: reply))
    if state != .ended { travel(up: .command(command)) } else { wake() }
  }

  func subscribe(_ channels: [[UInt8]]) {
    precondition(purpose == .feed, "a subscription on a link for commands")
    if state != .ended { travel(up: .subscribe(channels)) }
  }

  func unsubscribe(_ channels: [[UInt8]]) {
    precondition(purpose == .feed, "a subscription on a link for commands")
    if state != .ended { travel(up: .unsubscribe(channels)) }
  }

  func close() {
    loop.preconditionOnLoop()
    delegate = nil
    end(RedisLost("closed"))
  }

  // MARK: Ending

  /// The connection breaks; of what is on its way, some still arrives.
  func lose(_ reason: String) {
    guard state != .ended else { return }
    letSomeArrive()
    end(RedisLost(reason))
  }

  /// The same, because this side of it is no more: nobody is told.
  func vanish() {
    guard state != .ended else { return }
    letSomeArrive()
    delegate = nil
    leave()
  }

  private func letSomeArrive() {
    while case .command(let command)? = up.first?.item, model.isWorking(process),
      model.chanceOfArrival()
    {
      up.removeFirst()
      _ = model.execute(command)
    }
  }

  private func end(_ reason: RedisLost) {
    guard state != .ended else { return }
    leave()
    failPending(reason)
    let delegate = self.delegate
    self.delegate = nil
    delegate?.link(self, ended: reason)
  }

  private func leave() {
    state = .ended
    up = []
    down = []
    model.remove(number, subscriptions: subscriptions)
    if let timer { loop.cancel(timer.token) }
    timer = nil
  }

  private func failPending(_ reason: RedisLost) {
    while let first = pending.popFirst() { first.reply(.failure(reason)) }
  }

  // MARK: Travelling

  /// A message that the model has sent to this subscriber.
  func arrived(_ message: RedisModelServer.Message, delay: Duration) {
    guard state == .open else { return }
    travel(down: .message(message.payload, on: message.channel), delay: delay)
  }

  private func travel(up item: Upward) {
    let due = loop.now + model.nextDelay()
    up.append(Travelling(due: max(due, up.last?.due ?? due), item: item))
    wake()
  }

  private func travel(down item: Downward, delay: Duration? = nil) {
    let due = loop.now + (delay ?? model.nextDelay())
    down.append(Travelling(due: max(due, down.last?.due ?? due), item: item))
    wake()
  }

  /// Looks at the lines in a later turn: never within a call of whoever uses the link.
  private func wake() {
    guard !isAwaited else { return }
    let confined = LoopConfined(self, to: loop)
    isAwaited = loop.post { confined.get.pump() }
  }

  /// Lets everything arrive that is due.
  func pump() {
    isAwaited = false
    if state == .ended { return failPending(RedisLost("the connection has ended")) }
    let isWorking = model.isWorking(process)
    while state != .ended {
      if isWorking, let first = up.first, first.due <= loop.now,
        state == .open || first.item.isGreeting
      {
        up.removeFirst()
        serve(first.item)
      } else if let first = down.first, first.due <= loop.now {
        down.removeFirst()
        deliver(first.item)
      } else {
        break
      }
    }
    let deadline = state == .opening ? greetingDeadline : pending.first?.deadline
    if state != .ended, let deadline, deadline <= loop.now { end(RedisLost("timed out")) }
    scheduleNext(isWorking: isWorking)
  }

  private func serve(_ item: Upward) {
    switch item {
    case .greeting: travel(down: .opened)
    case .command(let command): travel(down: .reply(model.execute(command)))
    case .subscribe(let channels):
      for channel in channels {
        subscriptions.insert(channel)
        model.subscribe(number, to: channel)
        travel(down: .subscribed(channel))
      }
    case .unsubscribe(let channels):
      for channel in channels {
        subscriptions.remove(channel)
        model.unsubscribe(number, from: channel)
      }
    }
  }

  private func deliver(_ item: Downward) {
    switch item {
    case .opened:
      state = .open
      delegate?.linkOpened(self)
    case .reply(let value): pending.popFirst()?.reply(.success(value))
    case .subscribed(let channel): delegate?.link(self, subscribed: channel)
    case .message(let payload, let channel):
      delegate?.link(self, received: payload, on: channel)
    case .ended(let reason): end(reason)
    }
  }

  // MARK: Time

  func timerFired() {
    timer = nil
    pump()
  }

  /// What is unfrozen or comes from the model pumps by itself.
  private func scheduleNext(isWorking: Bool) {
    guard state != .ended else { return }
    let upward = isWorking && (state == .open || up.first?.item.isGreeting == true)
    let deadline = state == .opening ? greetingDeadline : pending.first?.deadline
    let dues = [upward ? up.first?.due : nil, down.first?.due, deadline]
    guard let next = dues.compactMap({ $0 }).min() else { return }
    if let timer {
      if timer.due <= next { return }
      loop.cancel(timer.token)
    }
    timer = (loop.schedule(at: next, self), next)
  }
}
