import FanfareActors
import FanfareRuntime

/// Tells what differs between what a store and a ``JobBook`` say, whose ids and moments are not the
/// same.
struct JobComparison {
  /// How far two times may lie apart: timers are late.
  static let tolerance: Int64 = 80

  /// The jobs and workflows of the book, by those of the store; the two share their numbers.
  private(set) var bookIDs: [Int64: Int64] = [:]
  private(set) var storeIDs: [Int64: Int64] = [:]
  private(set) var differences: [String] = []

  // MARK: Names

  mutating func pair(_ store: Int64, _ book: Int64) {
    if let known = bookIDs[store] {
      expect("id", known, book)
    } else {
      bookIDs[store] = book
      storeIDs[book] = store
    }
  }

  func store(_ id: JobID) -> JobID { JobID(storeIDs[id.number] ?? id.number) ?? id }
  func book(_ id: JobID) -> JobID { JobID(bookIDs[id.number] ?? 1) ?? id }
  func store(_ id: WorkflowID) -> WorkflowID { WorkflowID(storeIDs[id.number] ?? id.number) ?? id }
  func store(_ claim: LeaseClaim) -> LeaseClaim {
    LeaseClaim(job: store(claim.job), token: claim.token)
  }

  /// What is asked of the book, as the store understands it.
  func store(_ command: JobCommand) -> JobCommand {
    switch command {
    case .cancel(let id): .cancel(store(id))
    case .cancelWorkflow(let id): .cancelWorkflow(store(id))
    case .retry(let id, let arguments): .retry(store(id), arguments: arguments)
    case .heartbeat(let worker, let claims): .heartbeat(worker, claims.map { store($0) })
    case .progress(let claim, let progress): .progress(store(claim), progress)
    case .checkpoint(let claim, let bytes): .checkpoint(store(claim), bytes)
    case .log(let claim, let bytes): .log(store(claim), bytes)
    case .succeed(let claim, let result, let usage): .succeed(store(claim), result: result, usage)
    case .fail(let claim, let failure): .fail(store(claim), failure)
    case .release(let claim): .release(store(claim))
    case .job(let id): .job(store(id))
    case .jobs(let filter, let before, let max, let isBrief):
      .jobs(filter, before: before.map { store($0) }, max: max, isBrief: isBrief)
    case .events(let id, let after, let max): .events(store(id), after: after, max: max)
    case .readLog(let id): .readLog(store(id))
    case .workflow(let id): .workflow(store(id))
    case .steps(let id): .steps(store(id))
    case .enqueue, .startWorkflow, .lease, .queues, .pause, .resume, .redrive, .stopRedrive,
      .purge, .outbox, .published:
      command
    }
  }

  // MARK: Comparing

  private mutating func expect<Value: Equatable>(_ name: String, _ store: Value, _ book: Value) {
    if store != book { differences.append("\(name): \(store), not \(book)") }
  }

  private mutating func expectTime(_ name: String, _ store: Int64?, _ book: Int64?) {
    switch (store, book) {
    case (nil, nil): break
    case (let store?, let book?) where abs(store - book) <= Self.tolerance: break
    default: differences.append("\(name): \(store ?? 0), not \(book ?? 0)")
    }
  }

  mutating func compare(
    _ store: Result<JobReply, JobRefusal>, _ book: Result<JobReply, JobRefusal>
  ) {
    switch (store, book) {
    // Why the steps of a failed workflow are over is not the same for all of them.
    case (.failure(.over(.dead)), .failure(.over(.dead))): break
    case (.failure(.stepBefore(let one)), .failure(.stepBefore(let other))):
      expect("step before", self.book(one), other)
    case (.failure(let one), .failure(let other)): expect("refusal", one, other)
    case (.success(let one), .success(let other)): compare(one, other)
    default: differences.append("\(store), not \(book)")
    }
  }

  private mutating func compare(_ store: JobReply, _ book: JobReply) {
    switch (store, book) {
    case (.enqueued(let one), .enqueued(let other)): compare(one, other)
    case (.workflow(let one), .workflow(let other)): compare(one, other)
    case (.state(let one), .state(let other)): expect("state", one, other)
    case (.leased(let one, let rest), .leased(let other, let otherRest)):
      compare(one, other)
      expect("rest", rest, otherRest)
    case (.renewed(let one), .renewed(let other)):
      expect("cancel", one.cancel.map(self.book), other.cancel)
      expect("lost", one.lost.map(self.book), other.lost)
      if other.lease > .zero { expect("lease", one.lease, other.lease) }
    case (.kept(let one), .kept(let other)): expect("standing", one, other)
    case (.job(let one, let words), .job(let other, let otherWords)):
      compare(one, other)
      expect("waits", words != nil, otherWords != nil)
    case (.jobs(let one), .jobs(let other)):
      expect("jobs", one.jobs.map { self.book($0.id) }, other.jobs.map(\.id))
      for (one, other) in zip(one.jobs, other.jobs) { compare(one, other) }
      expect("next", one.next.map { self.book($0) }, other.next)
    case (.steps(let one), .steps(let other)):
      expect("steps", one.map { self.book($0.job) }, other.map(\.job))
      expect("queues of steps", one.map(\.queue), other.map(\.queue))
      expect("states of steps", one.map(\.state.word), other.map(\.state.word))
    case (.events(let one), .events(let other)):
      expect("last", one.last, other.last)
      expect("over", one.isOver, other.isOver)
      compare(one.events, other.events)
    case (.log(let one), .log(let other)): expect("log", one, other)
    case (.queues(let one), .queues(let other)): compare(one, other)
    case (.done(let one), .done(let other)): expect("count", one, other)
    default: differences.append("\(store), not \(book)")
    }
  }

  private mutating func compare(_ store: [EnqueuedJob], _ book: [EnqueuedJob]) {
    expect("made", store.map(\.isNew), book.map(\.isNew))
    guard store.count == book.count else { return }
    for (one, other) in zip(store, book) {
      pair(one.id.number, other.id.number)
      expect("state", one.state, other.state)
    }
  }

  private mutating func compare(_ store: [LeasedJob], _ book: [LeasedJob]) {
    expect("leased", store.map { self.book($0.job.id) }, book.map(\.job.id))
    for (one, other) in zip(store, book) {
      expect("token", one.token, other.token)
      expect("lease", one.lease, other.lease)
      compare(one.job, other.job)
    }
  }

  mutating func compare(_ store: [JobEvent], _ book: [JobEvent]) {
    expect("events", store.map(text), book.map(text))
  }

  private func text(_ event: JobEvent) -> String {
    "\(event.sequence) \(event.kind) \(String(decoding: event.data, as: UTF8.self))"
  }

  mutating func compare(_ store: Job, _ book: Job) {
    let before = differences.count
    expect("id", self.book(store.id), book.id)
    expect("queue", store.queue, book.queue)
    expect("task", store.task, book.task)
    expect("arguments", store.arguments, book.arguments)
    expect("state", store.state, book.state)
    expect("priority", store.priority, book.priority)
    expect("attemptsMax", store.attemptsMax, book.attemptsMax)
    expect(
      "failures, crashes, releases, leases",
      [store.failures, store.crashes, store.releases, Int(store.leases)],
      [book.failures, book.crashes, book.releases, Int(book.leases)])
    expect("timeout", store.timeout, book.timeout)
    expect("progress", store.progress, book.progress)
    expect("checkpoint", store.checkpoint, book.checkpoint)
    expect("result", store.result, book.result)
    expect("input", store.input, book.input)
    expect("usage", store.usage, book.usage)
    expect(
      "errors", store.errors.map { "\($0.attempt) \($0.text.prefix(12))" },
      book.errors.map { "\($0.attempt) \($0.text.prefix(12))" })
    for (one, other) in zip(store.errors, book.errors) {
      expectTime("error's time", one.time, other.time)
    }
    expect("channel", store.channel, book.channel)
    expect("event types", store.eventTypes, book.eventTypes)
    expect("step", store.workflow?.index, book.workflow?.index)
    expect(
      "workflow", store.workflow.map { bookIDs[$0.workflow.number] ?? 0 },
      book.workflow?.workflow.number)
    expect("key", store.key, book.key)
    expect("rate key", store.rateKey, book.rateKey)
    expect("cost", store.cost, book.cost)
    expect("worker", store.worker, book.worker)
    expect("to stop", store.isCancelRequested, book.isCancelRequested)
    expectTime("unique until", store.uniqueUntil, book.uniqueUntil)
    expectTime("created", store.created, book.created)
    expectTime("started", store.started, book.started)
    expectTime("finished", store.finished, book.finished)
    expectTime("next at", store.nextAt, book.nextAt)
    if differences.count > before { differences.append("… of \(book.id) (\(store.id))") }
  }

  mutating func compare(_ store: Workflow, _ book: Workflow) {
    pair(store.id.number, book.id.number)
    expect("steps", store.jobs.count, book.jobs.count)
    for (one, other) in zip(store.jobs, book.jobs) { pair(one.number, other.number) }
    expect("workflow's state", store.state, book.state)
    expect("tasks", store.tasks, book.tasks)
    expect("steps done", store.stepsDone, book.stepsDone)
    expect("usage", store.usage, book.usage)
    expectTime("created", store.created, book.created)
    expectTime("finished", store.finished, book.finished)
  }

  private mutating func compare(_ store: [QueueStatus], _ book: [QueueStatus]) {
    expect("queues", store.map(\.queue), book.map(\.queue))
    for (one, other) in zip(store, book) {
      let name = one.queue.text
      expect("\(name) paused", one.isPaused, other.isPaused)
      for word in JobState.words {
        expect("\(name) \(word)", one.counts[word] ?? 0, other.counts[word] ?? 0)
      }
      expect("\(name) redriving", one.redriving, other.redriving)
      expect(
        "\(name) workers", one.workers.map { "\($0.worker) \($0.leases)" },
        other.workers.map { "\($0.worker) \($0.leases)" })
      // Since when, the book learns too late: retries are told to it, and clocks are set.
      expect("\(name) oldest", one.oldest == nil, other.oldest == nil)
    }
  }

  /// What was told of each job, in its order.
  mutating func compare(_ store: JobNews, _ book: JobNews) {
    func moves(_ news: JobNews, _ name: (JobID) -> JobID) -> [String] {
      let moves = news.transitions.map { move in
        let from = move.from.map { "\($0)" } ?? "-"
        let to = move.to.map { "\($0)" } ?? "-"
        return (name(move.job), "\(from) > \(to), \(move.cause), \(move.attempt)")
      }
      return Dictionary(grouping: moves) { $0.0 }.sorted { $0.key < $1.key }
        .map { "\($0.key): \($0.value.map(\.1))" }
    }
    expect("moves", moves(store) { self.book($0) }, moves(book) { $0 })
    expect("fenced", store.fencedWrites, book.fencedWrites)
  }

  /// What is to be published of each job, and how workflows ended.
  mutating func compare(_ store: [OutboxEntry], _ book: [OutboxEntry]) {
    expect("outbox", rows(store) { self.bookIDs[$0] ?? 0 }, rows(book) { $0 })
  }

  private func rows(_ entries: [OutboxEntry], _ name: (Int64) -> Int64) -> [String] {
    var rows: [Int64: [String]] = [:]
    for entry in entries {
      let parts = entry.key.split(separator: ":").map(String.init)
      guard parts.count == 3, let id = JobID(parts[1]) else { continue }
      let data = String(decoding: entry.data, as: UTF8.self)
      if parts[0] == "job" {
        rows[name(id.number), default: []]
          .append("\(entry.channel) \(entry.type) \(parts[2]) \(data)")
      } else {
        // How many words there are on the way is a store's own affair; not the last.
        rows[name(id.number)] = [data]
      }
    }
    return rows.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
  }

  mutating func take() -> [String] {
    defer { differences = [] }
    return differences
  }
}
