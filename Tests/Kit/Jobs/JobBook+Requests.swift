import FanfareActors
import FanfareRuntime

/// What those ask who want work done.
extension JobBook {
  mutating func enqueue(
    _ drafts: [JobDraft], _ key: JobRequestKey?
  ) throws(JobRefusal) -> JobReply {
    if let key, let earlier = try earlierReply(key) {
      guard case .enqueued(let jobs) = earlier else { throw .keyMismatch }
      return .enqueued(
        jobs.map {
          EnqueuedJob(id: $0.id, state: pages[$0.id]?.job.state ?? $0.state, isNew: false)
        }
      )
    }
    var made: [EnqueuedJob] = []
    for draft in drafts {
      if let holder = holder(of: draft.key, in: draft.queue) {
        made.append(EnqueuedJob(id: holder.id, state: holder.state, isNew: false))
      } else {
        let job = try make(draft, step: nil)
        made.append(EnqueuedJob(id: job.id, state: job.state, isNew: true))
      }
    }
    keep(.enqueued(made), key)
    return .enqueued(made)
  }

  mutating func startWorkflow(
    _ drafts: [JobDraft], _ key: JobRequestKey?
  ) throws(JobRefusal) -> JobReply {
    if let key, let earlier = try earlierReply(key) {
      guard case .workflow(let workflow) = earlier else { throw .keyMismatch }
      return .workflow(flows[workflow.id]?.workflow ?? workflow)
    }
    guard let id = WorkflowID(nextNumber()) else { throw .unavailable("no more numbers") }
    var jobs: [JobID] = []
    for (index, draft) in drafts.enumerated() {
      jobs.append(try make(draft, step: WorkflowStep(workflow: id, index: index)).id)
    }
    let workflow = Workflow(
      id: id, jobs: jobs, tasks: drafts.map(\.task), created: moment.wall, message: "created")
    flows[id] = Flow(workflow: workflow)
    update(id, "created")
    let reply = JobReply.workflow(try flow(id).workflow)
    keep(reply, key)
    return reply
  }

  // MARK: Making

  private mutating func make(_ draft: JobDraft, step: WorkflowStep?) throws(JobRefusal) -> Job {
    let queue = try queueSettings(draft.queue)
    guard let id = JobID(nextNumber()) else { throw .unavailable("no more numbers") }
    let start: Int64 =
      switch draft.start {
      case .now: moment.wall
      case .after(let delay): moment.wall + delay.milliseconds
      case .at(let time): time
      }
    let isLater = (step?.index ?? 0) > 0
    let state: JobState = isLater ? .waiting : start > moment.wall ? .scheduled : .queued
    var job = Job(
      id: id, queue: draft.queue, task: draft.task, arguments: draft.arguments, state: state,
      priority: draft.priority, attemptsMax: draft.attempts ?? queue.attempts,
      created: moment.wall)
    job.timeout = draft.timeout
    job.channel = draft.channel
    job.eventTypes = draft.eventTypes
    job.workflow = step
    job.key = draft.key
    if job.key != nil { job.uniqueUntil = draft.uniqueFor.map { moment.wall + $0.milliseconds } }
    job.rateKey = draft.rateKey
    job.cost = draft.cost
    job.nextAt = state == .scheduled ? start : nil
    let page = Page(job: job, since: moment.wall)
    pages[id] = page
    note(page, from: nil, to: state, .enqueued)
    if state == .queued {
      append(.queued, to: id)
      ready(job.queue)
    }
    return job
  }

  /// Who has a key that is taken.
  private func holder(of key: String?, in queue: QueueName) -> Job? {
    guard let key else { return nil }
    let holders = ids { job in
      job.queue == queue && job.key == key
        && (!job.state.isOver || job.uniqueUntil.map { $0 > moment.wall } ?? false)
    }
    return holders.first.flatMap { pages[$0]?.job }
  }

  private func earlierReply(_ key: JobRequestKey) throws(JobRefusal) -> JobReply? {
    guard let earlier = requests[key.name] else { return nil }
    guard earlier.fingerprint == key.fingerprint else { throw .keyMismatch }
    return earlier.reply
  }

  private mutating func keep(_ reply: JobReply, _ key: JobRequestKey?) {
    guard let key else { return }
    requests[key.name] = Request(
      fingerprint: key.fingerprint, until: moment.wall + Self.requestLife, reply: reply)
  }

  // MARK: Ending and beginning again

  mutating func cancel(_ id: JobID) throws(JobRefusal) -> JobState {
    let job = try page(id).job
    guard !job.state.isOver else { throw .over(job.state) }
    if job.state == .running {
      pages[id]?.job.isCancelRequested = true
      if let step = job.workflow {
        for next in stepsAfter(step) where pages[next]?.job.state.isOver == false {
          move(next, to: .cancelled, .cancelled, events: [.cancelled])
        }
      }
      return .running
    }
    move(id, to: .cancelled, .cancelled, events: [.cancelled])
    return .cancelled
  }

  /// Cancels the first step that is not over, and so all after it.
  mutating func cancelWorkflow(_ id: WorkflowID) throws(JobRefusal) -> JobState {
    let workflow = try flow(id).workflow
    let states = workflow.jobs.compactMap { pages[$0]?.job.state }
    switch workflow.state {
    case .running: break
    case .succeeded: throw .over(.succeeded)
    case .failed: throw .over(states.first { $0.word == "dead" } ?? .dead(.failed))
    case .cancelled: throw .over(.cancelled)
    }
    if let first = workflow.jobs.first(where: { pages[$0]?.job.state.isOver == false }) {
      _ = try cancel(first)
    }
    return flows[id]?.workflow.state == .running ? .running : .cancelled
  }

  mutating func retry(_ id: JobID, _ arguments: [UInt8]?) throws(JobRefusal) -> JobState {
    let job = try page(id).job
    guard job.state.isOver, job.state != .succeeded else { throw .notOver(job.state) }
    if let step = job.workflow, step.index > 0,
      let before = flows[step.workflow]?.workflow.jobs[step.index - 1],
      let state = pages[before]?.job.state, state != .succeeded
    {
      throw .stepBefore(before)
    }
    pages[id]?.job.failures = 0
    pages[id]?.job.crashes = 0
    pages[id]?.job.result = nil
    if let arguments { pages[id]?.job.arguments = arguments }
    if let step = job.workflow {
      flows[step.workflow]?.workflow.state = .running
      flows[step.workflow]?.workflow.finished = nil
      for next in stepsAfter(step) where pages[next]?.job.state == .cancelled {
        move(next, to: .waiting, .retried, events: [])
      }
    }
    move(id, to: .queued, .retried, events: [.queued])
    return .queued
  }
}
