import FanfareActors
import FanfareRuntime

/// A moment on both clocks: the monotonic one that leases run on, and the one on the wall.
package struct JobMoment: Sendable {
  package var now: MonotonicInstant
  /// Milliseconds since 1970.
  package var wall: Int64

  package init(now: MonotonicInstant, wall: Int64) {
    self.now = now
    self.wall = wall
  }

  /// The moment at which `loop` is.
  package init(of loop: EventLoop) {
    self.init(now: loop.now, wall: loop.wallMilliseconds())
  }

  func after(_ duration: Duration) -> Self {
    Self(now: now + duration, wall: wall + duration.milliseconds)
  }

  /// When the wall clock shows `time`, unless somebody sets it.
  func instant(ofWall time: Int64) -> MonotonicInstant {
    now + .milliseconds(time - wall)
  }
}

/// What a store of jobs has to remember, and what becomes of it: written for reading, from what the
/// words of the port mean, with plain lists and nothing of the product's own transitions. Every
/// store is compared with it.
package struct JobBook: Sendable {
  /// What a worker can end its attempt with.
  enum Call: Sendable { case succeed, fail, release }

  /// All about one job.
  struct Page: Sendable {
    var job: Job
    /// When it came into its state; milliseconds since 1970.
    var since: Int64
    /// Whether something was heard under the newest lease.
    var isConfirmed = false
    /// How the newest attempt that was ended by its worker ended.
    var ending: (token: LeaseToken, call: Call, state: JobState)?
    var events: [JobEvent] = []
    var log: [UInt8] = []

    // What does not outlive the process:
    var leaseEnd: MonotonicInstant?
    var attemptEnd: MonotonicInstant?
    /// When the progress that waits may be told.
    var progressDue: MonotonicInstant?
    var progressTold: MonotonicInstant?
    /// The newest progress that an event has told.
    var toldProgress: JobProgress?
  }

  struct Flow: Sendable {
    var workflow: Workflow
    var updates: Int64 = 0
  }

  struct Request: Sendable {
    let fingerprint: UInt64
    let until: Int64
    let reply: JobReply
  }

  struct Budget: Sendable {
    var requests: TokenBucket?
    var tokens: TokenBucket?
  }

  struct Redrive: Sendable {
    var left: [JobID]
    var next: MonotonicInstant
    let every: Duration
  }

  static let requestLife: Int64 = 24 * 3_600_000
  static let progressGap = Duration.milliseconds(100)
  static let crashesMax = 3
  static let errorBytesMax = 4_096
  static let waitMax = Duration.seconds(7 * 86_400)

  let settings: JobStoreSettings
  var pages: [JobID: Page] = [:]
  var flows: [WorkflowID: Flow] = [:]
  var outbox: [OutboxEntry] = []
  var outboxLast: Int64 = 0
  var requests: [String: Request] = [:]
  var budgets: [RateKey: Budget] = [:]
  /// Until when nobody gets a job with that key.
  var keyPauses: [RateKey: Int64] = [:]
  var pausedQueues: Set<QueueName> = []
  var redrives: [QueueName: Redrive] = [:]
  var lastNumber: Int64 = 0
  var moment: JobMoment
  var random: SeededGenerator
  /// The newest moment at which something may have changed by itself.
  package var lastBoundary = MonotonicInstant(nanoseconds: 0)
  package var news = JobNews()

  /// Whether retries wait until ``tell(_:nextAt:)`` says when they are due.
  package var waitsToBeTold: Bool
  /// The retries that wait for that, with the times between which they may be due.
  package var untold: [JobID: ClosedRange<Int64>] = [:]
  /// Jobs that were asked for when their budget did not let them go.
  var heldUp: Set<JobID> = []
  /// Whether something may be due that was not when time passed last: a wait of nothing, say.
  var isRestless = false
  /// Set when a budget was so near to what was asked that a moment more or less would have
  /// decided otherwise.
  package var isCloseCall = false

  package init(
    _ settings: JobStoreSettings, at moment: JobMoment, seed: UInt64, waitsToBeTold: Bool = false
  ) {
    self.settings = settings
    self.moment = moment
    self.waitsToBeTold = waitsToBeTold
    random = SeededGenerator(seed: seed)
  }

  // MARK: Commands

  /// Does one thing at `moment`, or nothing at all.
  package mutating func perform(
    _ command: JobCommand, at moment: JobMoment
  ) -> Result<JobReply, JobRefusal> {
    pass(to: moment)
    let before = self
    do throws(JobRefusal) {
      let reply = try reply(to: command)
      isRestless = true
      return .success(reply)
    } catch {
      let fenced = news.fencedWrites
      self = before
      news.fencedWrites = fenced
      return .failure(error)
    }
  }

  private mutating func reply(to command: JobCommand) throws(JobRefusal) -> JobReply {
    switch command {
    case .enqueue(let drafts, let key): try enqueue(drafts, key)
    case .startWorkflow(let drafts, let key): try startWorkflow(drafts, key)
    case .cancel(let id): .state(try cancel(id))
    case .cancelWorkflow(let id): .state(try cancelWorkflow(id))
    case .retry(let id, let arguments): .state(try retry(id, arguments))
    case .lease(let queue, let worker, let tasks, let max):
      try lease(queue, worker, tasks, max)
    case .heartbeat(_, let claims): .renewed(heartbeat(claims))
    case .progress(let claim, let progress): .kept(try take(progress, claim))
    case .checkpoint(let claim, let bytes): .kept(try checkpoint(bytes, claim))
    case .log(let claim, let bytes): .kept(try log(bytes, claim))
    case .succeed(let claim, let result, let usage): .state(try succeed(claim, result, usage))
    case .fail(let claim, let failure): .state(try fail(claim, failure))
    case .release(let claim): .state(try release(claim))
    case .job(let id): try read(id)
    case .jobs(let filter, let before, let max, let isBrief):
      .jobs(list(filter, before, max, isBrief))
    case .steps(let id): .steps(steps(id))
    case .events(let id, let after, let max): .events(try events(id, after, max))
    case .readLog(let id): .log(try page(id).log)
    case .workflow(let id): .workflow(try flow(id).workflow)
    case .queues: .queues(queueStatuses)
    case .pause(let queue): try pause(queue)
    case .resume(let queue): try resume(queue)
    case .redrive(let queue, let filter, let rate): .done(try redrive(queue, filter, rate))
    case .stopRedrive(let queue): .done(try stopRedrive(queue))
    case .purge(let queue, let filter): .done(try purge(queue, filter))
    case .outbox(let after, let max):
      .outbox(Array(outbox.filter { $0.number > after }.prefix(max)))
    case .published(let last): .done(published(last))
    }
  }

  // MARK: Looking up

  func page(_ id: JobID) throws(JobRefusal) -> Page {
    guard let page = pages[id] else { throw .noSuchJob }
    return page
  }

  func flow(_ id: WorkflowID) throws(JobRefusal) -> Flow {
    guard let flow = flows[id] else { throw .noSuchWorkflow }
    return flow
  }

  func queueSettings(_ queue: QueueName) throws(JobRefusal) -> QueueSettings {
    guard let found = settings.queues[queue] else { throw .noSuchQueue(queue) }
    return found
  }

  /// The jobs for which `condition` holds, in the order of their making.
  func ids(where condition: (Job) -> Bool) -> [JobID] {
    pages.values.filter { condition($0.job) }.map(\.job.id).sorted()
  }

  mutating func nextNumber() -> Int64 {
    lastNumber = JobID.next(after: lastNumber, at: moment.wall)
    return lastNumber
  }

  // MARK: What outlives the process

  /// Forgets what was in memory alone.
  package mutating func crash() {
    for id in ids(where: { _ in true }) {
      guard var page = pages[id] else { continue }
      page.leaseEnd = nil
      page.attemptEnd = nil
      if page.progressDue != nil { page.job.progress = page.toldProgress }
      page.progressDue = nil
      page.progressTold = nil
      pages[id] = page
    }
    heldUp = []
    news = JobNews()
  }

  /// Gives every lease that was there one fresh period.
  package mutating func start(at moment: JobMoment) {
    self.moment = moment
    isRestless = true
    for queue in redrives.keys { redrives[queue]?.next = moment.now }
    for id in ids(where: { $0.state == .running }) {
      guard let job = pages[id]?.job, let queue = settings.queues[job.queue] else { continue }
      pages[id]?.leaseEnd = moment.now + queue.lease
      pages[id]?.attemptEnd = job.timeout.map { moment.now + $0 }
    }
  }
}
