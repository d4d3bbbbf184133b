import FanfareActors
import FanfareBackplane
import FanfareRuntime
import FanfareTestKit

@testable import FanfareServer

/// Three whole nodes over one model of Redis, publishers and followers, in a simulation, while
/// things go wrong at random; held against the promise by what `fanfare verify` judges with.
final class ClusterWorld {
  /// How long after the faults have ended everything must be well again.
  private static let convergence = Duration.seconds(5)
  /// How long publishes that are under way then are waited for.
  private static let lastPublish = Duration.seconds(1)

  let story: ClusterStory
  private(set) var counts: [String: Int] = [:]
  private let plan: ClusterPlan
  private let defect: ClusterDefect?
  private let simulation: Simulation
  private let model: RedisModel
  private let connector: any RedisConnector
  private let ledger = PromiseLedger()
  private let clients: EventLoop
  private let entrance: ClusterEntrance
  private var random: SeededGenerator
  /// All that ever were.
  private var nodes: [ClusterNode] = []
  /// Who stands at each place.
  private var places: [ClusterNode?]
  private var followers: [ClusterFollower] = []
  private var publishers: [ClusterPublisher] = []
  private var snapshot: RedisModelSnapshot?
  private var isFrozen = false
  private var isDown = false
  /// How often Redis has forgotten what it held, or may have.
  private var amnesias = 0
  private var violations: [String] = []

  /// - Parameters:
  ///   - isTold: whether the story is kept.
  ///   - defect: what all nodes have.
  init(seed: UInt64, isTold: Bool = false, defect: ClusterDefect? = nil) throws {
    self.defect = defect
    var random = SeededGenerator(seed: seed)
    plan = ClusterPlan(&random)
    let simulation = Simulation(
      seed: seed, loops: 1, jobsPerTurn: random.isOne(in: 4) ? 1 : 64)
    self.simulation = simulation
    clients = simulation.loops[0]
    model = RedisModel(seed: seed, clock: clients)
    model.setDurable(plan.isDurable)
    let connector = RedisModelConnector(model: model, answerTimeout: .seconds(1))
    self.connector = defect?.connector(connector) ?? connector
    entrance = try ClusterEntrance(simulation, clients, places: ClusterPlan.nodes)
    places = Array(repeating: nil, count: ClusterPlan.nodes)
    story = ClusterStory(isKept: isTold)
    story.clock = { "\(simulation.now.nanoseconds / 1_000)" }
    self.random = random
    for place in places.indices { try start(at: place) }
    followers = (0..<plan.followers).map { number in
      let channels = plan.channels.shuffled(using: &self.random)
      return ClusterFollower(
        number, Array(channels.prefix(self.random.int(1...channels.count))), entrance, ledger,
        story, seed: self.random.next())
    }
    publishers = (0..<plan.publishers).map { number in
      ClusterPublisher(
        number, entrance, ledger, story, seed: self.random.next(),
        amnesias: { [unowned self] in self.amnesias })
    }
  }

  /// Plays it to its end. Returns what was wrong.
  func play() throws -> [String] {
    pass(.milliseconds(random.int(0...300)))
    asClients { for follower in followers { follower.begin() } }
    for _ in 0..<plan.steps {
      try act()
      try mendSome()
      asClients { for follower in followers { follower.read() } }
      pass(.microseconds(random.pick([1, 2_000, 20_000, 200_000].map { random.int(0...$0) })))
    }
    try settle()
    judge()
    asClients {
      for follower in followers { follower.end() }
      for publisher in publishers { publisher.end() }
    }
    return violations
  }

  private func asClients(_ body: () -> Void) { simulation.on(clients, body) }

  private func pass(_ time: Duration) {
    let end = simulation.now + time
    _ = simulation.run(stepsMax: 1_000_000) { simulation.now >= end }
  }

  private func count(_ what: String, _ number: Int = 1) { counts[what, default: 0] += number }

  // MARK: What happens

  private func act() throws {
    switch random.below(20) {
    case 0..<13: asClients { random.pick(publishers).publish(to: plan.channels) }
    case 13..<15: asClients { random.pick(followers).leave() }
    case 15:
      let pace = random.isOne(in: 2) ? nil : random.int(0...500)
      asClients { random.pick(followers).read(atMost: pace) }
    default: try fault()
    }
  }

  private func fault() throws {
    let fault = random.pick(ClusterFault.allCases)
    switch fault {
    case .loss: guard plan.isLossy else { return }
    // So many resets would leave little to be kept.
    case .flush: guard random.isOne(in: 2) else { return }
    default: break
    }
    count("fault: \(fault.rawValue)")
    story.tell("FAULT \(fault.rawValue)")
    switch fault {
    case .feedCut: model.cut(.feed)
    case .commandsCut: model.cut(.commands)
    case .cut: model.cut()
    case .restart: restart { model.restart(with: $0) }
    case .outage:
      model.goDown()
      isDown = true
    case .save: snapshot = model.snapshot()
    case .freeze:
      model.freeze()
      isFrozen = true
    case .loss: model.faults.lostPerThousand = random.pick([0, 100, 500])
    case .doubling: model.faults.doubledPerThousand = random.pick([0, 100, 500])
    case .delay: model.faults.delayMilliseconds = 0...random.pick([20, 100, 300])
    case .flush:
      amnesias += 1
      snapshot = nil
      model.flush()
    case .functionsLost: model.dropFunctions()
    case .crash:
      let place = random.below(places.count)
      places[place]?.crash(before: model)
      places[place] = nil
    }
  }

  private func restart(_ body: (RedisModelSnapshot?) -> Void) {
    // What is not durable may still lose nothing.
    let saved = plan.isDurable || random.isOne(in: 3) ? nil : snapshot
    if !plan.isDurable { amnesias += 1 }
    body(saved)
  }

  /// What ends by itself does so sooner or later.
  private func mendSome() throws {
    if isDown, random.isOne(in: 3) { comeUp() }
    if isFrozen, random.isOne(in: 2) { thaw() }
    for place in places.indices where places[place] == nil && random.isOne(in: 4) {
      try start(at: place)
    }
  }

  private func comeUp() {
    story.tell("UP")
    isDown = false
    restart { model.comeUp(with: $0) }
  }

  private func thaw() {
    story.tell("THAW")
    isFrozen = false
    model.thaw()
  }

  private func start(at place: Int) throws {
    let node = try ClusterNode(
      "node-\(nodes.count)", loops: random.isOne(in: 4) ? ClusterEntrance.loopsMax : 1,
      in: simulation, plan, connector)
    nodes.append(node)
    places[place] = node
    entrance.open(place, node.sites)
    story.tell("\(node.id) starts at \(place)")
  }

  // MARK: The end

  /// The faults stop, and all come together.
  private func settle() throws {
    story.tell("SETTLES")
    model.faults = RedisModelFaults()
    if isDown { comeUp() }
    if isFrozen { thaw() }
    for place in places.indices where places[place] == nil { try start(at: place) }
    asClients { for follower in followers { follower.read(atMost: nil) } }
    let start = simulation.now
    pass(Self.lastPublish)
    asClients { for publisher in publishers { publisher.giveUp() } }
    while !isTogether {
      guard simulation.now - start < Self.convergence else {
        return violations.append("not together: \(standing)")
      }
      pass(.milliseconds(20))
    }
  }

  /// Whether every follower stands where the log of each of its channels does.
  private var isTogether: Bool {
    guard places.allSatisfy({ $0?.isProven == true }) else { return false }
    var heads: [String: Position] = [:]
    for follower in followers where follower.faults.isEmpty {
      for (channel, account) in follower.witness.audit.accounts.sorted(by: { $0.key < $1.key }) {
        guard let held = account.held else { return false }
        if heads[channel] == nil { heads[channel] = head(of: channel) }
        guard held == heads[channel],
          held.offset >= ledger.lastAcknowledged(in: channel, held.epoch)
        else { return false }
      }
    }
    return true
  }

  /// Where the log stands, as the nodes name that.
  private func head(of channel: String) -> Position? {
    guard let name = ChannelName(channel), let generation = model.generation else { return nil }
    let functions = RedisFunctions(keys: RedisKeys())
    let reply = model.run(functions.state(of: [name], in: generation))
    let log = try? RedisFunctions.states(reply, of: [name]).first
    return log.map { Position(offset: $0.head, epoch: defect?.epoch($0.epoch) ?? $0.epoch) }
  }

  /// For a failure's text.
  private var standing: String {
    let held = followers.map { follower in
      let accounts = follower.witness.audit.accounts.sorted { $0.key < $1.key }
      return "\(follower.name) \(accounts.map { "\($0.key) \($0.value.held?.description ?? "-")" })"
    }
    let unproven = places.compactMap { $0 }.filter { !$0.isProven }.map(\.id)
    return "unproven \(unproven), " + held.joined(separator: "; ")
  }

  private func judge() {
    for follower in followers {
      violations += follower.faults
      if follower.faults.isEmpty {
        violations += ledger.unheard(by: follower.witness.audit.accounts).map {
          "\(follower.name): \($0)"
        }
      }
      count("reconnects", follower.reconnects)
      for (_, account) in follower.witness.audit.accounts {
        count("deliveries", account.delivered)
        count("missed", Int(clamping: account.missed))
        count("resets", account.resets)
        // What Redis never forgot, nobody may be told to have lost.
        guard amnesias == 0 else { continue }
        if account.resets > 0 { violations.append("\(follower.name): a reset without a reason") }
        if account.missed > 0, plan.history >= 1_000 {
          violations.append("\(follower.name): a gap without a reason")
        }
      }
    }
    for publisher in publishers {
      violations += publisher.faults
      count("acknowledged", publisher.acknowledged)
      count("unknown", publisher.unknown)
      count("publishes tried again", publisher.retries)
    }
    for node in nodes {
      violations += node.redis.feed.violations.map { "\(node.id): \($0)" }
      for event in node.redis.seen { count(event) }
    }
    count("runs")
    count("nodes", nodes.count)
  }

  private func count(_ event: RedisEvent) {
    switch event {
    case .backfilled: count("backfills")
    case .missed: count("holes")
    case .restarted: count("logs begun anew")
    case .joined(_, _, let isRaised): if isRaised { count("generations") }
    case .wentBack: count("logs gone back")
    case .lost: count("connections lost")
    case .connected, .renewed, .loaded, .refused, .malformed, .probed, .health, .stopped: break
    }
  }
}
