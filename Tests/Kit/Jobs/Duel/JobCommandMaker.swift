import FanfareActors
import FanfareRuntime

/// Makes up what is asked in a duel: much of what makes sense, some of what does not.
struct JobCommandMaker {
  /// What a seed decides to leave out.
  struct Plan {
    /// The clock on the wall is set back, which budgets need not bear exactly.
    var setsWallBack: Bool
    var hasBudgets: Bool { !setsWallBack }
  }

  static let workers = ["ann", "bob", "cid"].map { WorkerName(checked: $0) }
  static let queues: [QueueName] = [.prompt, .prompt, .plain, .narrow]
  let plan: Plan
  var random: SeededGenerator
  /// Every lease that was handed out, the newest last.
  var claims: [LeaseClaim] = []
  /// What was asked under each key: the same fingerprint means the same request.
  private var keyed: [String: JobCommand] = [:]

  init(plan: Plan, random: SeededGenerator) {
    self.plan = plan
    self.random = random
  }

  mutating func next(_ book: JobBook) -> JobCommand {
    switch random.below(100) {
    case 0..<17: return enqueue()
    case 17..<21: return startWorkflow()
    case 21..<42: return lease()
    case 42..<47: return .heartbeat(random.pick(Self.workers), (0..<3).map { _ in claim(book) })
    case 47..<53: return .progress(claim(book), JobProgress(current: Double(random.below(100))))
    case 53..<55: return .checkpoint(claim(book), bytes())
    case 55..<56: return .log(claim(book), bytes())
    case 56..<67: return .succeed(claim(book), result: bytes(), usage())
    case 67..<75: return .fail(claim(book), failure())
    case 75..<79: return .release(claim(book))
    case 79..<84: return .cancel(random.isOne(in: 2) ? running(book) : job(book))
    case 84..<88: return retry(book)
    case 88..<89: return .pause(random.pick(Self.queues))
    case 89..<91: return .resume(random.pick(Self.queues))
    case 91..<93: return operate()
    default: return look(book)
    }
  }

  private mutating func bytes() -> [UInt8] { Array("\(random.below(1_000))".utf8) }

  // MARK: Wanting

  private mutating func draft(isStep: Bool = false) -> JobDraft {
    var draft = JobDraft(
      queue: random.pick(Self.queues), task: isStep || random.isOne(in: 2) ? .work : .rest,
      arguments: bytes())
    draft.priority = random.isOne(in: 3) ? random.int(-2...2) : 0
    draft.attempts = random.isOne(in: 2) ? random.int(1...3) : nil
    if random.isOne(in: 2) { draft.channel = ChannelName("c:\(random.below(3))") }
    if random.isOne(in: 5) { draft.eventTypes = [.progress: .agentProgress] }
    if random.isOne(in: 5) { draft.timeout = .milliseconds(random.int(5_000...60_000)) }
    if random.isOne(in: 2) {
      draft.rateKey = plan.hasBudgets ? random.pick([.budgeted, .other, .free]) : nil
      draft.cost = random.isOne(in: 3) ? 0 : random.int(1...1_300)
    }
    guard !isStep else { return draft }
    if random.isOne(in: 4) {
      draft.key = "k\(random.below(4))"
      if random.isOne(in: 2) { draft.uniqueFor = .milliseconds(random.int(1...30_000)) }
    }
    if random.isOne(in: 5) { draft.start = .after(.milliseconds(random.int(1...30_000))) }
    return draft
  }

  private mutating func requestKey() -> JobRequestKey? {
    guard random.isOne(in: 5) else { return nil }
    return JobRequestKey(
      name: "r\(random.below(5))", fingerprint: UInt64(random.isOne(in: 4) ? 2 : 1))
  }

  private mutating func enqueue() -> JobCommand {
    var drafts = (0..<random.int(1...3)).map { _ in draft() }
    if random.isOne(in: 25) { drafts[drafts.count - 1].queue = QueueName(checked: "missing") }
    guard let key = requestKey() else { return .enqueue(drafts, nil) }
    return once(.enqueue(drafts, key), "jobs", key)
  }

  private mutating func startWorkflow() -> JobCommand {
    let drafts = (0..<random.int(1...4)).map { _ in draft(isStep: true) }
    guard let key = requestKey() else { return .startWorkflow(drafts, nil) }
    return once(.startWorkflow(drafts, key), "workflow", key)
  }

  private mutating func once(
    _ command: JobCommand, _ kind: String, _ key: JobRequestKey
  ) -> JobCommand {
    let name = "\(kind) \(key.name) \(key.fingerprint)"
    let first = keyed[name] ?? command
    keyed[name] = first
    return first
  }

  // MARK: Working

  private mutating func lease() -> JobCommand {
    let tasks: [TaskName]? =
      random.isOne(in: 4) ? random.pick([[.work], [.rest], [.rest, .work]]) : nil
    return .lease(
      random.pick(Self.queues), random.pick(Self.workers), tasks: tasks, max: random.int(1...4))
  }

  /// Mostly one that holds.
  private mutating func claim(_ book: JobBook) -> LeaseClaim {
    if random.below(10) < 7 {
      let held = claims.filter { claim in
        let job = book.pages[claim.job]?.job
        return job?.state == .running && job?.leases == claim.token.number
      }
      if !held.isEmpty { return random.pick(held) }
    }
    if !claims.isEmpty { return random.pick(claims.suffix(12)) }
    return LeaseClaim(job: job(book), token: LeaseToken(checked: 1))
  }

  private mutating func usage() -> JobUsage? {
    guard random.isOne(in: 2) else { return nil }
    let tokens = random.isOne(in: 5) ? nil : random.below(1_500)
    return JobUsage(tokens: tokens, cost: 0.25, duration: 2, json: Array("{}".utf8))
  }

  private mutating func failure() -> JobFailure {
    var failure = JobFailure(error: "failure \(random.below(5))")
    failure.mayRetry = !random.isOne(in: 6)
    failure.isRateLimited = random.isOne(in: 5)
    if random.isOne(in: 3) { failure.retryAfter = .milliseconds(random.int(0...20_000)) }
    return failure
  }

  // MARK: Looking and operating

  private mutating func job(_ book: JobBook) -> JobID {
    let all = book.pages.keys.sorted()
    guard !all.isEmpty, !random.isOne(in: 30) else { return JobID(checked: 1) }
    return random.isOne(in: 2) ? random.pick(all.suffix(10)) : random.pick(all)
  }

  private mutating func running(_ book: JobBook) -> JobID {
    let all = book.ids { $0.state == .running }
    return all.isEmpty ? job(book) : random.pick(all)
  }

  /// Mostly of one that is over.
  private mutating func retry(_ book: JobBook) -> JobCommand {
    let over = book.ids { $0.state.isOver && $0.state != .succeeded }
    let id = over.isEmpty || random.isOne(in: 4) ? job(book) : random.pick(over)
    return .retry(id, arguments: random.isOne(in: 2) ? bytes() : nil)
  }

  private mutating func filter() -> JobFilter {
    var filter = JobFilter()
    if random.isOne(in: 3) { filter.task = .rest }
    if random.isOne(in: 3) { filter.errorText = "failure \(random.below(5))" }
    return filter
  }

  private mutating func operate() -> JobCommand {
    let queue = random.pick(Self.queues)
    var filter = filter()
    switch random.below(6) {
    case 0..<2: return .redrive(queue, filter, perSecond: nil)
    case 2..<4: return .redrive(queue, filter, perSecond: Double(random.int(1...3)) / 4)
    case 4: return .stopRedrive(queue)
    default:
      // Steps are all of the other task.
      filter.task = .rest
      return .purge(queue, filter)
    }
  }

  private mutating func look(_ book: JobBook) -> JobCommand {
    let flows = book.flows.keys.sorted()
    switch random.below(7) {
    case 0: return .queues
    case 1:
      var filter = filter()
      if random.isOne(in: 2) { filter.state = random.pick(JobState.words) }
      if random.isOne(in: 2) { filter.queue = random.pick(Self.queues) }
      let before = random.isOne(in: 2) ? nil : known(book)
      let max = random.int(1...30)
      return .jobs(filter, before: before, max: max, isBrief: max % 3 == 0)
    case 2: return .events(job(book), after: Int64(random.below(6)), max: random.int(1...9))
    case 3: return .readLog(job(book))
    case 4 where !flows.isEmpty:
      let flow = random.pick(flows)
      return flow.number % 2 == 0 ? .workflow(flow) : .steps(flow)
    case 5 where !flows.isEmpty: return .cancelWorkflow(random.pick(flows))
    default: return .job(job(book))
    }
  }

  private mutating func known(_ book: JobBook) -> JobID? {
    book.pages.isEmpty ? nil : random.pick(book.pages.keys.sorted())
  }
}

extension LeaseToken {
  /// A token that is one.
  fileprivate init(checked number: Int64) {
    guard let token = Self(number) else { preconditionFailure("\(number) is no token") }
    self = token
  }
}

extension JobID {
  fileprivate init(checked number: Int64) {
    guard let id = Self(number) else { preconditionFailure("\(number) is no id") }
    self = id
  }
}
