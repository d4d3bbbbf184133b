import FanfareActors
import FanfareRuntime

/// A store and a ``JobBook`` are asked the same, at random: every answer, everything told and
/// everything kept has to be the same.
package struct JobStoreDuel: Sendable {
  /// How it went.
  package struct Outcome: Sendable {
    /// The first thing that was not the same; `nil` where there is none.
    package var difference: String?
    /// The commands, the advances of time and the crashes, up to the difference.
    package var steps = 0
    package var counts: [String: Int] = [:]
    package var checks = 0
  }

  let seed: UInt64
  private let checksEvery: Int
  private let plan: JobCommandMaker.Plan
  /// How far from what happens by itself anything is asked.
  private let margin: Duration
  private var maker: JobCommandMaker
  private var random: SeededGenerator
  private var book: JobBook
  private var comparison = JobComparison()
  private var audit = JobAudit()
  private var recent: [String] = []
  private var outcome = Outcome()

  private init(seed: UInt64, checksEvery: Int, _ settings: JobStoreSettings, at moment: JobMoment) {
    self.seed = seed
    self.checksEvery = checksEvery
    random = SeededGenerator(seed: seed)
    plan = JobCommandMaker.Plan(setsWallBack: seed % 3 == 0)
    // What is old goes a tenth of a second after what went before it, or later.
    margin = Self.forgetsSoon(seed) ? .milliseconds(180) : .milliseconds(60)
    maker = JobCommandMaker(plan: plan, random: SeededGenerator(seed: random.next()))
    book = JobBook(settings, at: moment, seed: 0, waitsToBeTold: true)
  }

  private static let lease = Duration.seconds(12)

  /// Whether jobs that are over are deleted while the duel lasts.
  private static func forgetsSoon(_ seed: UInt64) -> Bool { seed % 4 == 1 }

  private static func settings(_ seed: UInt64) -> JobStoreSettings {
    var settings = JobStoreSettings.forScenarios
    for queue in settings.queues.keys { settings.queues[queue]?.lease = lease }
    // Slow enough that what was taken is still missed when a lease is lost.
    let units = RateBudget.Rate(amount: 1_000, per: .seconds(90))
    settings.budgets = [
      .budgeted: RateBudget(requests: .init(amount: 2, per: .seconds(30)), tokens: units),
      .other: RateBudget(tokens: units),
    ]
    if forgetsSoon(seed) { settings.retention = .seconds(40) }
    return settings
  }

  /// Plays `steps` steps over a new store of `place`.
  ///
  /// Where there is a difference it plays once more, looking at everything after every step, so
  /// that the step it tells is the first after which anything differs.
  package static func play(
    seed: UInt64, steps: Int, over place: () throws -> any JobStorePlace
  ) throws -> Outcome {
    let outcome = try play(seed: seed, steps: steps, checksEvery: 50, over: place())
    guard outcome.difference != nil else { return outcome }
    let exact = try play(seed: seed, steps: outcome.steps, checksEvery: 1, over: place())
    return exact.difference == nil ? outcome : exact
  }

  private static func play(
    seed: UInt64, steps: Int, checksEvery: Int, over place: any JobStorePlace
  ) throws -> Outcome {
    let simulation = Simulation(seed: seed, loops: 2)
    let side = try simulation.on(simulation.loops[0]) {
      try JobStoreSide(place, settings(seed), in: simulation)
    }
    let result = Locked(Outcome())
    simulation.on(side.loop) {
      side.assumeIsolated { side in
        side.begin { side in
          let moment = await side.moment
          var duel = JobStoreDuel(
            seed: seed, checksEvery: checksEvery, side.settings, at: moment)
          await duel.play(steps, side)
          let outcome = duel.outcome
          result.withLock { $0 = outcome }
        }
      }
    }
    let isDone = simulation.run(stepsMax: 20_000_000) { side.isDone }
    var outcome = result.withLock { $0 }
    if !isDone { outcome.difference = "seed \(seed): does not end" }
    if let violation = side.violations.first { outcome.difference = violation }
    return outcome
  }

  // MARK: Playing

  private mutating func play(_ steps: Int, _ store: JobStoreSide) async {
    do {
      await sync(store)
      for step in 1...steps {
        outcome.steps = step
        try await self.step(store)
        if step % checksEvery == 0 || step == steps {
          try await compareAll(store, isEnd: step == steps)
        }
        try judge()
      }
    } catch {
      outcome.difference =
        "seed \(seed), step \(outcome.steps): \(error)\n  after:\n  "
        + recent.suffix(12).joined(separator: "\n  ")
    }
    outcome.checks = audit.checks
  }

  private mutating func step(_ store: JobStoreSide) async throws {
    switch random.below(40) {
    case 0..<6: try await advance(.milliseconds(random.int(50...6_000)), store)
    case 6: try await advance(.milliseconds(random.int(20_000...50_000)), store)
    case 7: try await setWall(store)
    case 8: try await crash(store)
    case 9: try await publish(store)
    default: try await command(store)
    }
    try await quiet(store)
    compareNews(store)
  }

  private mutating func note(_ name: String, _ text: String) {
    recent.append("\(outcome.steps): \(text)")
    outcome.counts[name, default: 0] += 1
  }

  private mutating func judge() throws {
    let differences = comparison.take() + audit.violations
    guard !differences.isEmpty else { return }
    throw JobStoreViolation(description: differences.prefix(8).joined(separator: "; "))
  }

  private mutating func command(_ store: JobStoreSide) async throws {
    try await quiet(store)
    var command = maker.next(book)
    while case .lease = command {
      var trial = book
      trial.isCloseCall = false
      _ = trial.perform(command, at: await store.moment)
      if !trial.isCloseCall { break }
      try await advance(.milliseconds(150), store)
      try await quiet(store)
      command = .queues
    }
    note(name(of: command), "\(command)")
    let moment = await store.moment
    let asked = comparison.store(command)
    let answer = await store.ask(asked)
    let wanted = book.perform(command, at: moment)
    if case .success(let reply) = answer { audit.answered(asked, reply, at: moment.now) }
    if case .pause = command { return }
    if case .resume = command { return }
    comparison.compare(answer, wanted)
    if case .success(.leased(let leases, _)) = wanted { maker.claims += leases.map(\.claim) }
    try await learnRetries(store)
  }

  private func name(of command: JobCommand) -> String {
    String("\(command)".prefix { $0 != "(" })
  }

  // MARK: Time

  private mutating func sync(_ store: JobStoreSide) async {
    book.pass(to: await store.moment)
  }

  private mutating func advance(_ duration: Duration, _ store: JobStoreSide) async throws {
    note("advance", "\(duration) pass")
    await store.pass(duration)
    await sync(store)
    try await learnRetries(store)
  }

  /// Waits for a moment at which nothing happens by itself: whichever of the two was a little late
  /// would answer otherwise.
  private mutating func quiet(_ store: JobStoreSide) async throws {
    for _ in 1...200 {
      await sync(store)
      let now = await store.moment.now
      let next = book.boundaries.filter { $0 > now }.min()
      if now - book.lastBoundary > margin,
        next.map({ $0 - now > margin }) ?? true
      {
        return
      }
      await store.pass(.milliseconds(20))
      await sync(store)
      try await learnRetries(store)
    }
  }

  /// The random waits of the book are those of the store, once they are seen to be in bounds.
  private mutating func learnRetries(_ store: JobStoreSide) async throws {
    for (id, range) in book.untold.sorted(by: { $0.key < $1.key }) {
      var answer = await store.ask(.job(comparison.store(id)))
      if case .success(.job(let job, _)) = answer, job.state == .running {
        // Its timer is a little late.
        await store.pass(.milliseconds(60))
        answer = await store.ask(.job(comparison.store(id)))
      }
      guard case .success(.job(let job, _)) = answer else {
        throw JobStoreViolation(description: "\(id) is to be retried: \(answer)")
      }
      let now = await store.moment.wall
      let next = job.nextAt ?? now
      guard job.state == .retrying || job.state == .queued,
        next >= range.lowerBound - 60, next <= range.upperBound + 60 || job.nextAt == nil
      else {
        throw JobStoreViolation(description: "\(id) is to be retried in \(range): \(job)")
      }
      book.tell(id, nextAt: next)
    }
    await sync(store)
  }

  private mutating func setWall(_ store: JobStoreSide) async throws {
    let seconds = random.int(plan.setsWallBack ? -40...40 : 0...40)
    try await quiet(store)
    note("clock", "the clock is set by \(seconds) s")
    await store.setWall(ahead: .seconds(seconds))
    await sync(store)
    await store.pass(.milliseconds(1_100))
    await sync(store)
    try await learnRetries(store)
  }

  private mutating func crash(_ store: JobStoreSide) async throws {
    try await quiet(store)
    compareNews(store)
    note("crash", "a crash")
    try await store.crash()
    book.crash()
    book.start(at: await store.moment)
    audit.restarted(at: await store.moment.now, lease: Self.lease)
  }

  // MARK: Looking at everything

  private mutating func compareNews(_ store: JobStoreSide) {
    let told = store.feed.take()
    audit.heard(told)
    var all = JobNews()
    for news in told {
      all.transitions += news.transitions
      all.events += news.events
      all.fencedWrites += news.fencedWrites
    }
    comparison.compare(all, book.news)
    for (id, events) in Dictionary(grouping: book.news.events, by: \.job) {
      comparison.compare(
        all.events.filter { comparison.book($0.job) == id }, events)
    }
    book.news = JobNews()
  }

  private mutating func publish(_ store: JobStoreSide) async throws {
    try await quiet(store)
    note("publish", "all is published")
    try await compareOutbox(store)
    if case .success(.outbox(let entries)) = await store.ask(.outbox(after: 0, max: 100_000)),
      let last = entries.last
    {
      audit.answered(.outbox(after: 0, max: 100_000), .outbox(entries), at: await store.moment.now)
      _ = await store.ask(.published(through: last.number))
    }
    _ = book.perform(.published(through: book.outboxLast), at: await store.moment)
  }

  private mutating func compareOutbox(_ store: JobStoreSide) async throws {
    let answer = await store.ask(.outbox(after: 0, max: 100_000))
    guard case .success(.outbox(let entries)) = answer else {
      throw JobStoreViolation(description: "the outbox: \(answer)")
    }
    comparison.compare(entries, book.outbox)
  }

  private mutating func compareAll(_ store: JobStoreSide, isEnd: Bool) async throws {
    try await quiet(store)
    compareNews(store)
    try await ask(.queues, store)
    try await ask(.jobs(JobFilter(), before: nil, max: 100_000), store)
    // What events there are was told; a few are read as well, and all of them at the end.
    let sample = book.pages.keys.sorted().filter { _ in isEnd || random.isOne(in: 8) }
    for id in sample {
      try await ask(.events(id, after: 0, max: 10_000), store)
      try await ask(.readLog(id), store)
    }
    for id in book.flows.keys.sorted() { try await ask(.workflow(id), store) }
    try await compareOutbox(store)
    let known = book.pages.keys.sorted().map { comparison.store($0) }
    if known.sorted() != audit.accepted {
      throw JobStoreViolation(description: "accepted \(audit.accepted), there are \(known)")
    }
    try judge()
  }

  private mutating func ask(_ command: JobCommand, _ store: JobStoreSide) async throws {
    let moment = await store.moment
    let answer = await store.ask(comparison.store(command))
    comparison.compare(answer, book.perform(command, at: moment))
    guard comparison.differences.isEmpty else {
      recent.append("\(outcome.steps): \(command)")
      return try judge()
    }
  }
}
