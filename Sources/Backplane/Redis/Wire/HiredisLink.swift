import DequeModule
import FanfareRuntime

/// A connection to Redis by hiredis: name, addresses, greeting, deadlines, the order of replies.
///
/// Held by its loop until it has ended. Loop-confined.
final class HiredisLink: RedisLink, HiredisConnectionOwner, TimerTarget {
  private enum State {
    case new
    case resolving(NameResolver)
    /// With the addresses that are tried if this one fails.
    case connecting(HiredisConnection, SocketAddress, ArraySlice<SocketAddress>)
    case greeting(HiredisConnection)
    case open(HiredisConnection)
    case ended(RedisLost)
  }

  private struct Pending {
    let reply: (Result<RedisValue, RedisLost>) -> Void
    var since: MonotonicInstant
  }

  /// Before silence is taken for death, what the kernel may hold already is read: a process that
  /// was itself suspended wakes with all its deadlines past.
  private static let lastLook = Duration.milliseconds(50)

  private let connector: HiredisConnector
  private let purpose: RedisPurpose
  private let loop: EventLoop
  private var delegate: (any RedisLinkDelegate)?
  private var state = State.new
  private var greeting: RedisGreeting
  private var deadline: MonotonicInstant
  private var timer = TimerToken.none
  private var isLastLook = false
  private var heardAt: MonotonicInstant
  /// What waits for the link to open.
  private var held: [[[UInt8]]] = []
  private var pending = Deque<Pending>()
  private var failsLater = false
  private var subscriptions = FeedSubscriptions()

  init(
    _ connector: HiredisConnector, _ purpose: RedisPurpose, on loop: EventLoop,
    delegate: any RedisLinkDelegate
  ) {
    loop.preconditionOnLoop()
    self.connector = connector
    self.purpose = purpose
    self.loop = loop
    self.delegate = delegate
    let suffix = purpose == .commands ? "commands" : "feed"
    greeting = RedisGreeting(connector.url, name: "\(connector.name)-\(suffix)")
    deadline = loop.now + connector.connectTimeout
    heardAt = loop.now
  }

  func begin() {
    do {
      let resolver = try NameResolver(
        connector.url.host, port: connector.url.port, on: loop
      ) { [self] in resolved($0) }
      state = .resolving(resolver)
      timer = loop.schedule(at: deadline, self)
    } catch {
      let lost = RedisLost("\(error)")
      later { $0.end(lost) }
    }
  }

  private func resolved(_ answer: Result<[SocketAddress], RuntimeError>) {
    guard case .resolving = state else { return }
    switch answer {
    case .failure(let error): end(RedisLost("\(error)"))
    case .success(let addresses): connect(addresses[...], RedisLost("no address"))
    }
  }

  // MARK: Connecting

  /// Tries the first of `addresses`; where all have failed, the link ends for the last reason.
  private func connect(_ addresses: ArraySlice<SocketAddress>, _ reason: RedisLost) {
    var rest = addresses
    var reason = reason
    while let address = rest.popFirst() {
      do {
        let connection = try HiredisConnection(address, on: loop, owner: self)
        for command in greeting.commands { _ = connection.append(command) }
        state = .connecting(connection, address, rest)
        // Each address gets its share of what is left.
        let left = max(.zero, deadline - loop.now)
        rearm(at: loop.now + left / (rest.count + 1))
        return
      } catch {
        reason = RedisLost("\(address.text): \(error.reason)")
      }
    }
    end(reason)
  }

  func connected() {
    guard case .connecting(let connection, _, _) = state else { return }
    state = .greeting(connection)
    heardAt = loop.now
    rearm(at: deadline)
  }

  private func greeted(_ value: RedisValue, _ connection: HiredisConnection) {
    if let refusal = greeting.take(value) { return end(refusal) }
    guard greeting.isDone else { return }
    state = .open(connection)
    for command in held { subscriptions.sent(connection.append(command), command, loop.now) }
    held = []
    for index in pending.indices { pending[index].since = loop.now }
    loop.cancel(timer)
    timer = .none
    watchSilence()
    delegate?.linkOpened(self)
  }

  // MARK: Sending

  func send(
    _ command: [[UInt8]], reply: @escaping (Result<RedisValue, RedisLost>) -> Void
  ) {
    loop.preconditionOnLoop()
    precondition(purpose == .commands && !command.isEmpty, "no command for this link")
    pending.append(Pending(reply: reply, since: loop.now))
    sendOrHold(command)
  }

  func subscribe(_ channels: [[UInt8]]) {
    precondition(purpose == .feed, "a subscription on a link for commands")
    if !channels.isEmpty { sendOrHold([Array("SUBSCRIBE".utf8)] + channels) }
  }

  func unsubscribe(_ channels: [[UInt8]]) {
    precondition(purpose == .feed, "a subscription on a link for commands")
    if !channels.isEmpty { sendOrHold([Array("UNSUBSCRIBE".utf8)] + channels) }
  }

  private func sendOrHold(_ command: [[UInt8]]) {
    loop.preconditionOnLoop()
    switch state {
    case .new, .resolving, .connecting, .greeting: held.append(command)
    case .open(let connection):
      let isSent = connection.append(command)
      if purpose == .feed { subscriptions.sent(isSent, command, loop.now) }
      watchSilence()
    case .ended(let lost):
      guard !failsLater else { return }
      failsLater = true
      later { link in
        link.failsLater = false
        link.failPending(lost)
      }
    }
  }

  /// Runs `body` when what calls now has returned.
  private func later(_ body: @escaping @Sendable (HiredisLink) -> Void) {
    let link = LoopConfined(self, to: loop)
    // A full inbox empties; until then others of the loop have their turn.
    if !loop.post({ body(link.get) }) {
      _ = loop.schedule(after: .zero, Later { body(link.get) })
    }
  }

  private final class Later: TimerTarget {
    private let body: () -> Void

    init(_ body: @escaping () -> Void) {
      self.body = body
    }

    func timerFired() { body() }
  }

  // MARK: Receiving

  func received(_ values: [RedisValue]) {
    heardAt = loop.now
    isLastLook = false
    subscriptions.heard()
    for value in values {
      // Whoever heard of the one before may have closed.
      switch state {
      case .greeting(let connection): greeted(value, connection)
      case .open:
        switch purpose {
        case .commands: pending.popFirst()?.reply(.success(value))
        case .feed: fed(value)
        }
      case .new, .resolving, .connecting, .ended: return
      }
    }
  }

  private func fed(_ value: RedisValue) {
    switch subscriptions.take(value) {
    case .subscribed(let channel): delegate?.link(self, subscribed: channel)
    case .message(let message, let channel): delegate?.link(self, received: message, on: channel)
    case .nothing: break
    }
  }

  // MARK: Silence

  private func rearm(at instant: MonotonicInstant) {
    loop.cancel(timer)
    timer = loop.schedule(at: instant, self)
  }

  /// Makes sure that the timer runs while something is to be answered, and on a feed always.
  private func watchSilence() {
    guard timer == .none else { return }
    timer = loop.schedule(after: connector.answerTimeout, self)
  }

  /// Since when Redis has owed an answer without saying anything; `nil` where it owes none.
  private var silentSince: MonotonicInstant? {
    switch purpose {
    case .commands: pending.first.map { max($0.since, heardAt) }
    case .feed: subscriptions.askedAt.map { max($0, heardAt) }
    }
  }

  func timerFired() {
    timer = .none
    switch state {
    case .new, .ended: break
    case .resolving:
      end(RedisLost("resolve \(connector.url.host): no answer in time"))
    case .connecting(let connection, let address, let rest):
      connection.close()
      connect(rest, RedisLost("\(address.text): no connection in time"))
    case .greeting:
      end(RedisLost("connected, but no answer within \(connector.connectTimeout)"))
    case .open(let connection): checkSilence(connection)
    }
  }

  private func checkSilence(_ connection: HiredisConnection) {
    if let since = silentSince {
      let limit = since + connector.answerTimeout
      guard limit <= loop.now else { return rearm(at: limit) }
      guard isLastLook else {
        isLastLook = true
        return rearm(at: loop.now + Self.lastLook)
      }
      return end(RedisLost("no answer within \(connector.answerTimeout)"))
    }
    guard purpose == .feed else { return }
    let quiet = heardAt + connector.answerTimeout
    if quiet <= loop.now {
      subscriptions.ping(connection, loop.now)
      rearm(at: loop.now + connector.answerTimeout)
    } else {
      rearm(at: quiet)
    }
  }

  // MARK: Ending

  func ended(_ reason: String) {
    switch state {
    case .connecting(_, let address, let rest):
      connect(rest, RedisLost("\(address.text): \(reason)"))
    case .new, .resolving, .greeting, .open, .ended: end(RedisLost(reason))
    }
  }

  func close() {
    loop.preconditionOnLoop()
    delegate = nil
    end(RedisLost("closed"))
  }

  private func end(_ lost: RedisLost) {
    let before = state
    if case .ended = before { return }
    state = .ended(lost)
    loop.cancel(timer)
    timer = .none
    held = []
    switch before {
    case .new, .ended: break
    case .resolving(let resolver): resolver.cancel()
    case .connecting(let connection, _, _), .greeting(let connection), .open(let connection):
      connection.close()
    }
    failPending(lost)
    // Closed by a reply that has just failed, it hears nothing.
    let delegate = delegate
    self.delegate = nil
    delegate?.link(self, ended: lost)
  }

  private func failPending(_ lost: RedisLost) {
    var failed = Deque<Pending>()
    swap(&failed, &pending)
    for each in failed { each.reply(.failure(lost)) }
  }
}
