import FanfareActors
import FanfareRuntime

extension JobBook {
  /// Brings a job into `state`, with its events and what hangs on it.
  mutating func move(
    _ id: JobID, to state: JobState, _ cause: JobTransition.Cause, events: [JobEventKind]
  ) {
    tellProgress(id)
    guard var page = pages[id] else { return }
    let from = page.job.state
    let worker = page.job.worker
    page.job.state = state
    if state != .running {
      page.job.worker = nil
      page.job.isCancelRequested = false
      page.leaseEnd = nil
      page.attemptEnd = nil
    }
    if state != .retrying { page.job.nextAt = nil }
    page.job.finished = state.isOver ? moment.wall : nil
    note(page, from: from, to: state, cause, worker: state == .running ? page.job.worker : worker)
    page.since = moment.wall
    pages[id] = page
    for kind in events { append(kind, to: id) }
    if state == .queued || from == .running { ready(page.job.queue) }
    stepMoved(id, state)
  }

  mutating func note(
    _ page: Page, from: JobState?, to: JobState?, _ cause: JobTransition.Cause,
    worker: WorkerName? = nil
  ) {
    let job = page.job
    news.transitions.append(
      JobTransition(
        job: job.id, queue: job.queue, task: job.task, from: from, to: to, cause: cause,
        attempt: job.attempt, worker: worker,
        lasted: .milliseconds(from == nil ? 0 : max(0, moment.wall - page.since)),
        rateKey: job.rateKey))
  }

  mutating func ready(_ queue: QueueName) {
    if !news.readyQueues.contains(queue) { news.readyQueues.append(queue) }
  }

  // MARK: Events

  /// The next entry of a job's list, and of the outbox where it has a channel.
  mutating func append(_ kind: JobEventKind, to id: JobID) {
    guard let page = pages[id] else { return }
    let event = JobEvent(
      job: id, sequence: Int64(page.events.count) + 1, kind: kind, time: moment.wall,
      data: settings.events.data(of: kind, page.job))
    pages[id]?.events.append(event)
    news.events.append(event)
    guard let channel = page.job.channel,
      let type = page.job.eventTypes[kind] ?? EventType(kind.type)
    else { return }
    publish(channel, type, event.data, key: "job:\(id):\(event.sequence)")
  }

  private mutating func publish(
    _ channel: ChannelName, _ type: EventType, _ data: [UInt8], key: String
  ) {
    outboxLast += 1
    outbox.append(
      OutboxEntry(number: outboxLast, channel: channel, type: type, data: data, key: key))
    news.hasOutbox = true
  }

  /// Tells the progress that waits.
  mutating func tellProgress(_ id: JobID) {
    guard let page = pages[id], page.progressDue != nil else { return }
    pages[id]?.progressDue = nil
    pages[id]?.progressTold = moment.now
    pages[id]?.toldProgress = page.job.progress
    append(.progress, to: id)
  }

  // MARK: Workflows

  /// The word of a workflow's newest change.
  mutating func update(_ id: WorkflowID, _ message: String) {
    guard var flow = flows[id] else { return }
    flow.updates += 1
    flow.workflow.message = message
    flows[id] = flow
    guard let channel = ChannelName("workflow:\(id)"), let type = EventType("workflow_update")
    else { return }
    let data = settings.events.data(of: flow.workflow, message: message, at: moment.wall)
    publish(channel, type, data, key: "workflow:\(id):\(flow.updates)")
  }

  func stepsAfter(_ step: WorkflowStep) -> [JobID] {
    Array(flows[step.workflow]?.workflow.jobs.dropFirst(step.index + 1) ?? [])
  }

  /// What a step that has come into `state` means for the others and for the whole.
  private mutating func stepMoved(_ id: JobID, _ state: JobState) {
    guard let job = pages[id]?.job, let step = job.workflow, flows[step.workflow] != nil else {
      return
    }
    // Steps succeed in their order, and those before may have been deleted meanwhile.
    if state == .succeeded { flows[step.workflow]?.workflow.stepsDone = step.index + 1 }
    if state != .retrying { update(step.workflow, "\(job.task) \(state.word)") }
    switch state {
    case .succeeded:
      guard let next = stepsAfter(step).first, pages[next]?.job.state == .waiting else { break }
      pages[next]?.job.input = job.result
      move(next, to: .queued, .stepDone, events: [.queued])
    case .dead, .cancelled:
      for next in stepsAfter(step) where pages[next]?.job.state.isOver == false {
        endStep(next)
      }
    case .scheduled, .waiting, .queued, .running, .retrying: break
    }
    closeIfOver(step.workflow)
  }

  /// A step after one that came to nothing.
  private mutating func endStep(_ id: JobID) {
    if pages[id]?.job.state == .running {
      pages[id]?.job.isCancelRequested = true
    } else {
      move(id, to: .cancelled, .cancelled, events: [.cancelled])
    }
  }

  /// A workflow is over when all its steps are.
  private mutating func closeIfOver(_ id: WorkflowID) {
    guard let workflow = flows[id]?.workflow, workflow.state == .running else { return }
    let states = workflow.jobs.compactMap { pages[$0]?.job.state }
    guard states.allSatisfy(\.isOver) else { return }
    let isFailed = states.contains { if case .dead = $0 { true } else { false } }
    let end: Workflow.State =
      isFailed ? .failed : states.contains(.cancelled) ? .cancelled : .succeeded
    flows[id]?.workflow.state = end
    flows[id]?.workflow.finished = moment.wall
    update(id, "workflow \(end)")
  }
}
