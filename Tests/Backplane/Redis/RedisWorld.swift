import FanfareActors
import FanfareBackplane
import FanfareRuntime
import FanfareTestKit

/// Three nodes' backplanes over one model of Redis, in a simulation, while things go wrong at
/// random; and what they were fed, against what was acknowledged.
final class RedisWorld {
  private let simulation: Simulation
  private let model: RedisModel
  private let nodes: [RedisNode]
  private let sides: [BackplaneSide]
  private let channels: [ChannelName]
  private var random: SeededGenerator
  private var snapshot: RedisModelSnapshot?
  private let isDurable: Bool
  /// Whether messages get lost on a feed that stays: only the rolling check can find that out.
  /// Otherwise that check comes too late to help, and everything else has to do without it.
  private let isLossy: Bool
  private var published = 0
  /// What was acknowledged, by channel and position.
  private let acknowledged = Locked<[String: [UInt8]]>([:])
  private let doubts = Locked<[String]>([])
  private(set) var counts: [String: Int] = [:]

  init(seed: UInt64) throws {
    random = SeededGenerator(seed: seed)
    let simulation = Simulation(seed: seed, loops: 3)
    let model = RedisModel(seed: seed, clock: simulation.loops[0])
    isDurable = random.isOne(in: 2)
    model.setDurable(isDurable)
    isLossy = random.isOne(in: 2)
    var pace = RedisPace.quick
    if !isLossy { pace.check = .seconds(3_600) }
    self.simulation = simulation
    self.model = model
    nodes = try simulation.loops.enumerated().map { index, loop in
      try simulation.on(loop) {
        var plan = RedisNode.Plan("node-\(index)")
        plan.pace = pace
        return try RedisNode.start(
          plan, on: [loop], RedisModelConnector(model: model, answerTimeout: .seconds(1)))
      }
    }
    channels = ["a:1", "a:2", "b:3"].compactMap { ChannelName($0) }
    sides = try zip(nodes, simulation.loops).map { node, loop in
      BackplaneSide(loop: loop, backplane: try node.backplane, feed: node.feed)
    }
  }

  // MARK: Playing

  func play(_ steps: Int) -> [String] {
    for side in sides {
      for channel in channels { on(side) { $0.begin(following: channel) } }
    }
    guard run(200_000, until: { self.areAllFollowed }) else { return ["nobody follows: \(said)"] }
    for _ in 0..<steps {
      if random.isOne(in: 6) { fault() } else { publish() }
      _ = run(random.int(1...400)) { false }
    }
    return settle()
  }

  private func on(
    _ side: BackplaneSide, _ body: @Sendable (isolated BackplaneSide) -> Void
  ) {
    simulation.on(side.loop) { side.assumeIsolated(body) }
  }

  private func run(_ steps: Int, until done: () -> Bool) -> Bool {
    simulation.run(stepsMax: steps, until: done)
  }

  private var areAllFollowed: Bool {
    nodes.allSatisfy { node in channels.allSatisfy { node.feed.record($0) != nil } }
  }

  private var said: String { nodes.map { "\($0.seen.suffix(12))" }.joined(separator: "\n") }

  private func publish() {
    let channel = random.pick(channels)
    let drafts = (0..<random.int(1...4)).map { _ in
      published += 1
      return Draft(type: .agentProgress, data: Array("\(published)".utf8))
    }
    let (acknowledged, doubts) = (acknowledged, doubts)
    on(random.pick(sides)) { side in
      side.begin(publishing: drafts, to: channel) { result in
        guard case .success(let positions) = result else { return }
        acknowledged.withLock { known in
          for (position, draft) in zip(positions, drafts) {
            let name = "\(channel) \(position)"
            if known[name] != nil { doubts.withLock { $0.append("\(name) was given twice") } }
            known[name] = draft.data
          }
        }
      }
    }
  }

  private func fault() {
    let kind = random.below(9)
    counts["fault \(kind)", default: 0] += 1
    switch kind {
    case 0: model.cut(.feed)
    case 1: model.cut(.commands)
    case 2: model.cut()
    case 3: model.restart(with: isDurable ? nil : snapshot)
    case 4: snapshot = model.snapshot()
    case 5:
      model.freeze()
      _ = run(random.int(1...3_000)) { false }
      model.thaw()
    case 6: if isLossy { model.faults.lostPerThousand = random.pick([0, 100, 500]) }
    case 7: model.faults.doubledPerThousand = random.pick([0, 100])
    default:
      if random.isOne(in: 3) {
        model.flush()
        snapshot = nil
      } else {
        model.dropFunctions()
      }
    }
  }

  // MARK: Checking

  /// The faults stop, and all come together.
  private func settle() -> [String] {
    model.faults = RedisModelFaults()
    let end = simulation.now + .seconds(5)
    let isTogether = run(400_000) {
      simulation.now > end || nodes.allSatisfy { $0.feed.isProven } && areTogether
    }
    var violations = doubts.withLock { $0 }
    if !isTogether || simulation.now > end {
      violations.append("not together: \(positions)\n\(said)")
    }
    var contents = acknowledged.withLock { $0 }
    for (index, node) in nodes.enumerated() {
      for channel in channels {
        guard let record = node.feed.record(channel) else { continue }
        counts["events", default: 0] += record.events.count
        counts["restarts", default: 0] += record.restarts.count
        violations += record.violations.map { "node \(index), \(channel): \($0)" }
        for event in record.events {
          let name = "\(channel) \(event.position)"
          if contents[name] ?? event.data != event.data {
            violations.append("node \(index): \(name) is another")
          }
          contents[name] = event.data
        }
      }
    }
    return violations
  }

  private var positions: [String] {
    channels.map { channel in
      "\(channel): \(nodes.map { $0.feed.record(channel)?.position.description ?? "-" })"
    }
  }

  /// Whether all nodes stand where the log does.
  private var areTogether: Bool {
    channels.allSatisfy { channel in
      let first = nodes[0].feed.record(channel)?.position
      guard nodes.allSatisfy({ $0.feed.record(channel)?.position == first }) else { return false }
      guard let first, let generation = Generation(of: first.epoch) else { return false }
      let functions = RedisFunctions(keys: RedisKeys())
      let reply = model.run(functions.state(of: [channel], in: generation))
      let log = try? RedisFunctions.states(reply, of: [channel]).first
      return log.map { Position(offset: $0.head, epoch: $0.epoch) } == first
    }
  }
}
