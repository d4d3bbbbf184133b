import DequeModule
import FanfareActors
import FanfareRuntime

/// A node's part in the hub that Redis makes of many: two connections, what is in flight on them,
/// and the feeds of the channels followed here. Confined to the first loop.
///
/// Nothing of it awaits: every reply is a call, and looks anew at what has changed meanwhile.
final class RedisCore: TurnParticipant {
  /// The connection for commands.
  enum Commands {
    /// None; the next attempt is scheduled.
    case away
    /// Connecting.
    case opening(any RedisLink)
    /// Connected: the library, the generation and the logs are looked at. No publish is sent.
    case joining(any RedisLink, RedisServerFacts)
    case ready(any RedisLink, Generation, RedisServerFacts)
    case stopped
  }

  /// The connection for the feed.
  enum Feed {
    case away
    case opening(any RedisLink)
    case open(any RedisLink, since: MonotonicInstant)
    case stopped
  }

  let loop: EventLoop
  let loops: [EventLoop]
  let settings: RedisSettings
  let limits: Limits
  let namespaces: Namespaces
  let functions: RedisFunctions
  let observer: any RedisObserver
  let connector: any RedisConnector
  private var doors: [LoopConfined<RedisDoor>] = []
  private var sink: (any BackplaneFeed)?

  var commands = Commands.away
  var feedLink = Feed.away
  /// The attempts to connect since the last one that lasted.
  var commandsAttempts = 0
  var feedAttempts = 0
  /// When the connection for commands was last ready.
  var readySince = MonotonicInstant(nanoseconds: 0)
  /// The generation that the followed channels were last asked in.
  var generation: Generation?
  /// The generation in which a log was not the one that had fed this node, until all logs have
  /// another.
  var wentBackIn: Generation?
  /// The generations before, oldest first: one of them comes back only with an older copy.
  var pastGenerations = Deque<Generation>()
  /// Questions in flight while joining.
  var joinRound: UInt64 = 0

  /// Publishes in flight, and the bytes of their data.
  var publishes = 0
  var publishBytes = 0

  var followed = FollowedChannels()
  var reading = RedisReading()
  var probing: RedisProbing
  var membership = RedisMembership()
  private(set) var health = BackplaneHealth.proven
  /// What the hub was last told of it: when it was connected, that nothing is proven.
  private var toldHealth = BackplaneHealth.unproven

  /// What leaves for the loops when what is under way has returned.
  private var deliveries: [[RedisDelivery]]
  private var isHandOverPosted = false
  private var stopping: [() -> Void] = []

  init(
    loops: [EventLoop], settings: RedisSettings, limits: Limits, namespaces: Namespaces,
    probe: ChannelName, connector: any RedisConnector, observer: any RedisObserver
  ) {
    loop = loops[0]
    self.loops = loops
    self.settings = settings
    self.limits = limits
    self.namespaces = namespaces
    functions = RedisFunctions(keys: RedisKeys(prefix: settings.prefix))
    self.connector = connector
    self.observer = observer
    probing = RedisProbing(channel: probe)
    deliveries = loops.map { _ in [] }
  }

  // MARK: Life

  func start(doors: [LoopConfined<RedisDoor>], feed: (any BackplaneFeed)?) {
    guard self.doors.isEmpty, !isStopped else { return }
    self.doors = doors
    sink = feed
    loop.addTurnParticipant(self)
    tell(.unproven)
    beginProbing()
    connectCommands()
    connectFeed()
    schedulePulse()
  }

  var isStopped: Bool {
    switch commands {
    case .stopped: true
    case .away, .opening, .joining, .ready: false
    }
  }

  /// Leaves, and calls `done` when that is over.
  func stop(_ done: @escaping () -> Void) {
    switch commands {
    case .stopped: return done()
    case .away, .opening, .joining: stopping.append(done)
    case .ready(let link, _, _):
      stopping.append(done)
      guard stopping.count == 1 else { return }
      // Behind all that is in flight: when it is answered, so is everything else.
      leave(link) { [self] in end() }
      CoreTimer.after(.seconds(1), on: loop) { [self] in end() }
      return
    }
    end()
  }

  private func end() {
    guard !isStopped else { return }
    let ended = (commands.link, feedLink.link)
    commands = .stopped
    feedLink = .stopped
    ended.0?.close()
    ended.1?.close()
    failWaiting()
    observer.observed(.stopped)
    for done in stopping { done() }
    stopping = []
  }

  private func schedulePulse() {
    CoreTimer.after(settings.pace.pulse, on: loop) { [weak self] in
      guard let self, !isStopped else { return }
      pulse()
      schedulePulse()
    }
  }

  /// Looks at everything that depends on time.
  private func pulse() {
    retryQuestions()
    settleFeeds()
    expireFollows()
    endLingering()
    checkHeads()
    probe()
    beat()
  }

  // MARK: What loops ask

  func receive(_ request: RedisRequest, _ ticket: RedisTicket) {
    switch request {
    case .publish(let drafts, let channel, let key): publish(drafts, to: channel, key, ticket)
    case .follow(let channel): follow(channel, ticket)
    case .unfollow(let channel): unfollow(channel)
    case .state(let channel): state(of: channel, ticket)
    case .read(let channel, let from, let events, let bytes):
      read(channel, from: from, eventsMax: events, bytesMax: bytes, ticket)
    }
  }

  func answer(_ ticket: RedisTicket, _ answer: RedisAnswer) {
    deliver(.answer(ticket, answer), home: ticket.loop)
  }

  func deliver(_ delivery: RedisDelivery, home: Int) {
    deliveries[home].append(delivery)
    guard !isHandOverPosted else { return }
    // Within this turn, at whose end the hub sends what it has been fed. Where there is no room, at
    // the end of it.
    let core = LoopConfined(self, to: loop)
    isHandOverPosted = loop.post { core.get.handOverPosted() }
  }

  private func handOverPosted() {
    isHandOverPosted = false
    _ = handOver()
  }

  /// Where `channel` is at home, as the hub has it.
  func home(of channel: ChannelName) -> Int { Int(channel.hash % UInt64(loops.count)) }

  /// Whether continuity can be promised; the hub is told behind what was brought in this turn.
  func tell(_ health: BackplaneHealth) {
    guard health != self.health else { return }
    self.health = health
    observer.observed(.health(health))
  }

  /// What was asked of Redis in this turn leaves in one command each.
  func endOfTurn() -> Bool {
    subscribeAsked()
    askAsked()
    return handOver()
  }

  /// What came for a loop leaves in one message. Returns whether it has to come back.
  private func handOver() -> Bool {
    // A loop that runs already may ask before this one has been started.
    guard doors.count == loops.count else { return false }
    var comesBack = false
    var isDelivered = true
    for index in loops.indices where !deliveries[index].isEmpty {
      let batch = deliveries[index]
      let door = doors[index]
      if door.loop === loop {
        deliveries[index] = []
        door.get.receive(batch)
        // What the hub does with it waits for the end of a turn, and its part of this may be over.
        comesBack = true
      } else if door.loop.post({ door.get.receive(batch) }) {
        deliveries[index] = []
      } else {
        comesBack = true
        isDelivered = false
      }
    }
    if isDelivered, toldHealth != health {
      toldHealth = health
      sink?.backplane(is: health)
    }
    return comesBack
  }
}

extension RedisCore.Commands {
  var link: (any RedisLink)? {
    switch self {
    case .away, .stopped: nil
    case .opening(let link), .joining(let link, _), .ready(let link, _, _): link
    }
  }

  /// Where commands may be sent that name a generation.
  var ready: (link: any RedisLink, generation: Generation)? {
    switch self {
    case .away, .opening, .joining, .stopped: nil
    case .ready(let link, let generation, _): (link, generation)
    }
  }
}

extension RedisCore.Feed {
  var link: (any RedisLink)? {
    switch self {
    case .away, .stopped: nil
    case .opening(let link), .open(let link, _): link
    }
  }
}
