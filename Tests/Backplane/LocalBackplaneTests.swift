import FanfareActors
import FanfareRuntime
import FanfareTestKit
import Testing

@testable import FanfareBackplane

/// The logs of one loop against plain lists, on a simulated loop.
@Suite struct LocalBackplaneTests {
  private struct ModelLog {
    var epoch: Epoch?
    var head: UInt64 = 0
    var events: [(offset: UInt64, data: [UInt8], at: MonotonicInstant)] = []
    var use = 0
  }

  private func limits() -> Limits {
    var limits = Limits()
    limits.historyBytesMax = 6_000
    limits.memoryHistoryBytesMax = 20_000
    limits.dormantChannelsMax = 1_000
    return limits
  }

  @Test(arguments: 1...20 as ClosedRange<UInt64>)
  func retainsWhatTheListsRetain(seed: UInt64) throws {
    let simulation = Simulation(seed: seed, loops: 1)
    let loop = simulation.loops[0]
    var settings = NamespaceSettings()
    settings.historyEventsMax = 20
    settings.ttl = .seconds(600)
    let limits = limits()
    let namespaces = Namespaces(defaults: settings)
    let logs = LocalLogs(
      loop: loop, limits: limits, namespaces: namespaces,
      bytesMax: limits.memoryHistoryBytesMax, keys: LocalKeyCount(max: 100))
    var random = SeededGenerator(seed: seed)
    var model: [ChannelName: ModelLog] = [:]
    let names = try (0..<8).map { try #require(ChannelName("c:\($0)")) }
    var uses = 0

    simulation.on(loop) {
      for step in 0..<1_500 {
        uses += 1
        let name = random.pick(names)
        var log = model[name] ?? ModelLog()
        log.use = uses
        switch random.below(10) {
        case 0..<6:
          let drafts = (0..<random.int(1...6)).map { _ in
            Draft(type: .agentProgress, data: Array(repeating: 0x31, count: random.below(600)))
          }
          let events = logs.append(drafts, to: name)
          for (event, draft) in zip(events, drafts) {
            log.head += 1
            #expect(event.position.offset == log.head, "seed \(seed) step \(step)")
            #expect(log.epoch == nil || log.epoch == event.position.epoch)
            log.epoch = event.position.epoch
            log.events.append((log.head, draft.data, loop.now))
          }
        case 6:
          _ = simulation.run(stepsMax: random.int(1...20)) { false }
          _ = loop.refreshNow()
          _ = logs.state(of: name)
        default:
          let from = UInt64(random.int(1...(Int(log.head) + 2)))
          let count = random.int(1...30)
          let page = logs.read(name, from: from, eventsMax: count, bytesMax: .max)
          log.epoch = log.epoch ?? page.state.epoch
          trim(&log, settings, limits, loop.now)
          let wanted = log.events.filter { $0.offset >= from }.prefix(count)
          #expect(page.events.map(\.position.offset) == wanted.map(\.offset), "seed \(seed)")
          #expect(page.events.map(\.data) == wanted.map(\.data), "seed \(seed) step \(step)")
          #expect(page.state.head == log.head)
        }
        trim(&log, settings, limits, loop.now)
        model[name] = log
        evict(&model, keeping: name, limits)
        let bytes = names.reduce(0) { $0 + (logs.retained($1)?.bytes ?? 0) }
        #expect(bytes <= limits.memoryHistoryBytesMax, "seed \(seed) step \(step)")
      }
    }
  }

  private func bytes(_ log: ModelLog) -> Int {
    log.events.reduce(0) { $0 + $1.data.count + Event.overheadBytes }
  }

  private func trim(
    _ log: inout ModelLog, _ settings: NamespaceSettings, _ limits: Limits,
    _ now: MonotonicInstant
  ) {
    while let first = log.events.first,
      log.events.count > settings.historyEventsMax
        || bytes(log) > limits.historyBytesMax && log.events.count > 1
        || now - first.at >= settings.ttl
    {
      log.events.removeFirst()
    }
  }

  /// Whole logs, the least recently used first, until the rest fits.
  private func evict(
    _ model: inout [ChannelName: ModelLog], keeping name: ChannelName, _ limits: Limits
  ) {
    let order = model.filter { !$0.value.events.isEmpty && $0.key != name }
      .sorted { $0.value.use < $1.value.use }.map(\.key)
    for victim in order {
      guard model.values.reduce(0, { $0 + bytes($1) }) > limits.memoryHistoryBytesMax else {
        return
      }
      model[victim]?.events = []
    }
  }

  @Test func theLeastRecentlyUsedHeadIsForgottenFirst() throws {
    let simulation = Simulation(seed: 1, loops: 1)
    let loop = simulation.loops[0]
    var limits = limits()
    limits.dormantChannelsMax = 3
    let logs = LocalLogs(
      loop: loop, limits: limits, namespaces: Namespaces(),
      bytesMax: limits.memoryHistoryBytesMax, keys: LocalKeyCount(max: 100))
    let names = try (0..<4).map { try #require(ChannelName("c\($0)")) }
    simulation.on(loop) {
      let first = logs.state(of: names[0]).epoch
      let second = logs.state(of: names[1]).epoch
      _ = logs.state(of: names[2])
      // Asked for again, so the second is now the least recently used.
      #expect(logs.state(of: names[0]).epoch == first)
      _ = logs.state(of: names[3])
      #expect(logs.state(of: names[0]).epoch == first)
      #expect(logs.state(of: names[1]).epoch != second)
    }
  }

  @Test func aFollowedLogKeepsItsEpochWithoutEvents() throws {
    let simulation = Simulation(seed: 2, loops: 1)
    let loop = simulation.loops[0]
    var limits = limits()
    limits.dormantChannelsMax = 2
    limits.metaTTL = .seconds(5)
    let logs = LocalLogs(
      loop: loop, limits: limits, namespaces: Namespaces(),
      bytesMax: limits.memoryHistoryBytesMax, keys: LocalKeyCount(max: 100))
    let names = try (0..<6).map { try #require(ChannelName("c\($0)")) }
    let epoch = simulation.on(loop) { logs.follow(names[0]).epoch }
    simulation.on(loop) { for name in names.dropFirst() { _ = logs.state(of: name) } }
    // Far past the time after which a head without events is forgotten.
    let start = simulation.now
    _ = simulation.run(stepsMax: 100) { simulation.now - start > .seconds(20) }
    simulation.on(loop) {
      #expect(logs.state(of: names[0]).epoch == epoch)
      logs.unfollow(names[0])
      for name in names.dropFirst() { _ = logs.state(of: name) }
      #expect(logs.state(of: names[0]).epoch != epoch)
    }
  }
}
