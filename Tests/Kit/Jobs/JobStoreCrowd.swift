import FanfareActors
import FanfareRuntime

/// Many who ask at once while the process of their store is killed again and again: whatever was
/// acknowledged before a kill is there after it, and nothing is half done.
package struct JobStoreCrowd: Sendable {
  /// What those who asked were told.
  private struct Known: Sendable {
    /// What was acknowledged of each job.
    var jobs: [JobID: Fact] = [:]
    var kills = 0
    var told = 0
    /// Answers that were lost in a kill.
    var lost = 0
    var clients: Int
  }

  private struct Fact: Sendable {
    let arguments: [UInt8]
    var end: JobState?
    var result: [UInt8]?
    var checkpoint: [UInt8]?
    /// How often its worker was told that it released, or failed, the job.
    var releases = 0
    var failures = 0
  }

  /// How it went.
  package struct Outcome: Sendable {
    package var violations: [String]
    package var kills: Int
    package var told: Int
    package var lost: Int
  }

  private let seed: UInt64
  private let known: Locked<Known>

  private init(seed: UInt64, clients: Int) {
    self.seed = seed
    known = Locked(Known(clients: clients))
  }

  /// Lets `clients` ask for so many rounds each, over a store of `place`.
  package static func play(
    seed: UInt64, clients: Int = 6, rounds: Int = 30, over place: any JobStorePlace
  ) throws -> Outcome {
    let simulation = Simulation(seed: seed, loops: 2)
    let side = try simulation.on(simulation.loops[0]) {
      try JobStoreSide(place, .forScenarios, in: simulation)
    }
    let crowd = JobStoreCrowd(seed: seed, clients: clients)
    simulation.on(side.loop) {
      side.assumeIsolated { side in
        side.begin { side in
          for client in 0..<clients {
            await side.alongside { await crowd.ask(client, rounds, $0) }
          }
          while crowd.known.withLock({ $0.clients > 0 }) { await side.pass(.milliseconds(20)) }
          try await side.crash()
          try await crowd.check(side)
        }
      }
    }
    let isDone = simulation.run(stepsMax: 1_000_000) { side.isDone }
    let known = crowd.known.withLock { $0 }
    return Outcome(
      violations: side.violations + (isDone ? [] : ["seed \(seed): does not end"]),
      kills: known.kills, told: known.told, lost: known.lost)
  }

  // MARK: Asking

  /// The answer, unless the process that gave it was killed meanwhile: whoever asked did not hear
  /// it.
  private func told(_ command: JobCommand, _ store: JobStoreSide) async -> JobReply? {
    let life = await store.life
    let answer = await store.ask(command)
    let isHeard = await store.life == life
    known.withLock { known in
      if isHeard { known.told += 1 } else { known.lost += 1 }
    }
    guard isHeard, case .success(let reply) = answer else { return nil }
    return reply
  }

  private func ask(_ client: Int, _ rounds: Int, _ store: JobStoreSide) async {
    var random = SeededGenerator(seed: seed &* 1_000 &+ UInt64(client))
    let worker = WorkerName(checked: "w\(client)")
    for round in 0..<rounds {
      await enqueue(Array("\(client * 1_000 + round)".utf8), &random, store)
      let lease = await told(.lease(.prompt, worker, tasks: nil, max: 2), store)
      if case .leased(let leases, _) = lease {
        for lease in leases { await work(on: lease, &random, store) }
      }
      if random.isOne(in: 12) {
        known.withLock { $0.kills += 1 }
        try? await store.crash()
      }
    }
    known.withLock { $0.clients -= 1 }
  }

  private func enqueue(
    _ arguments: [UInt8], _ random: inout SeededGenerator, _ store: JobStoreSide
  ) async {
    let drafts = (0..<random.int(1...3)).map { _ in
      var draft = JobDraft(queue: .prompt, task: .work, arguments: arguments)
      draft.attempts = 1_000
      draft.channel = ChannelName("c")
      return draft
    }
    guard case .enqueued(let jobs) = await told(.enqueue(drafts, nil), store) else { return }
    known.withLock { known in
      for job in jobs { known.jobs[job.id] = Fact(arguments: arguments) }
    }
  }

  private func work(
    on lease: LeasedJob, _ random: inout SeededGenerator, _ store: JobStoreSide
  ) async {
    let id = lease.job.id
    let bytes = Array("\(random.below(100_000))".utf8)
    if case .kept = await told(.checkpoint(lease.claim, bytes), store) {
      known.withLock { $0.jobs[id]?.checkpoint = bytes }
    }
    switch random.below(4) {
    case 0:
      if case .state = await told(.release(lease.claim), store) {
        known.withLock { $0.jobs[id]?.releases += 1 }
      }
    case 1:
      let failure = JobFailure(error: "no")
      if case .state = await told(.fail(lease.claim, failure), store) {
        known.withLock { $0.jobs[id]?.failures += 1 }
      }
    default:
      if case .state(let state) = await told(
        .succeed(lease.claim, result: bytes, nil), store)
      {
        known.withLock { known in
          known.jobs[id]?.end = state
          known.jobs[id]?.result = bytes
        }
      }
    }
  }

  // MARK: Afterwards

  private func check(_ store: JobStoreSide) async throws {
    let facts = known.withLock { $0.jobs }
    let keys = try await store.outbox(max: 1_000_000).map(\.key)
    var wanted: Set<String> = []
    for job in try await store.list(max: 1_000_000) {
      let page = try await store.page(job.id, max: 100_000)
      try store.expect(page.events.map(\.sequence), is: Array(1...max(1, page.last)))
      for event in page.events { wanted.insert("job:\(job.id):\(event.sequence)") }
      let ends = page.events.count { $0.kind.isTerminal }
      try store.expect(ends, is: job.state.isOver ? 1 : 0)
      try store.expect(page.events.count { $0.kind == .started } == Int(job.leases))
    }
    // Every event has its row, once.
    try store.expect(keys.count, is: wanted.count)
    try store.expect(Set(keys) == wanted)
    for (id, fact) in facts.sorted(by: { $0.key < $1.key }) {
      let job = try await store.job(id)
      try store.expect(job.arguments, is: fact.arguments)
      if let end = fact.end {
        try store.expect(job.state, is: end)
        try store.expect(job.result, is: fact.result)
      }
      if fact.end != nil, let checkpoint = fact.checkpoint {
        try store.expect(job.checkpoint, is: checkpoint)
      }
      try store.expect(job.releases >= fact.releases, "\(id) has \(job.releases) releases")
      try store.expect(job.failures >= fact.failures, "\(id) has \(job.failures) failures")
    }
    for name in [QueueName.prompt, .plain, .narrow] {
      let counts = try await store.queue(name).counts
      for word in JobState.words {
        let jobs = try await store.list(max: 1_000_000) {
          $0.queue = name
          $0.state = word
        }
        try store.expect(counts[word] ?? 0, is: jobs.count)
      }
    }
  }
}
