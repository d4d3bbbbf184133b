import FanfareActors
import FanfareRuntime

/// Jobs that follow one another.
extension JobCore {
  func startWorkflow(_ drafts: [JobDraft], _ key: JobRequestKey?) throws -> JobReply {
    if let key, let earlier = try file.request(key.name, at: group.now) {
      guard earlier.fingerprint == key.fingerprint, let id = earlier.workflow else {
        throw JobRefusal.keyMismatch
      }
      let first = Workflow(
        id: id, jobs: earlier.jobs.map(\.id), tasks: drafts.map(\.task), created: earlier.time,
        message: "created")
      return .workflow(try file.workflow(id)?.workflow ?? first)
    }
    try admit(drafts)
    guard let id = WorkflowID(nextNumber()) else { throw JobRefusal.noSuchWorkflow }
    var jobs: [JobID] = []
    for (index, draft) in drafts.enumerated() {
      let step = WorkflowStep(workflow: id, index: index)
      jobs.append(try make(draft, step: step, isWaiting: index > 0).job.id)
    }
    var record = WorkflowRecord(
      workflow: Workflow(
        id: id, jobs: jobs, tasks: drafts.map(\.task), created: group.now, message: "created"))
    try publish(&record)
    try file.insert(record)
    if let key { try keep(key, jobs.map { ($0, .queued) }, id) }
    return .workflow(record.workflow)
  }

  /// Tells how a workflow stands. To be written by the caller.
  private func publish(_ record: inout WorkflowRecord) throws {
    record.updates += 1
    let workflow = record.workflow
    guard let channel = ChannelName("workflow:\(workflow.id)"),
      let type = EventType("workflow_update")
    else { return }
    try publish(
      settings.events.data(of: workflow, message: workflow.message, at: group.now), as: type,
      to: channel, key: "workflow:\(workflow.id):\(record.updates)")
  }

  // MARK: Steps that move

  /// What the move of a step means for its workflow.
  func moveWorkflow(_ move: JobMove, _ step: JobRecord, _ usage: JobUsage?) throws {
    guard let place = step.job.workflow, var record = try file.workflow(place.workflow) else {
      return
    }
    if let usage { record.workflow.usage.add(usage) }
    switch step.job.state {
    case .scheduled, .waiting, .retrying: break
    case .queued:
      if move.cause == .retried { try begin(&record, again: place) }
      try note(step.job, in: &record)
    case .running: try note(step.job, in: &record)
    case .succeeded:
      record.workflow.stepsDone = max(record.workflow.stepsDone, place.index + 1)
      try note(step.job, in: &record)
      try queueStep(after: step.job, place, in: &record)
    case .dead, .cancelled:
      try note(step.job, in: &record)
      try cancelSteps(from: place.index + 1, in: &record)
    }
    try close(&record)
    try file.update(record)
  }

  private func note(_ job: Job, in record: inout WorkflowRecord) throws {
    record.workflow.message = "\(job.task) \(job.state.word)"
    try publish(&record)
  }

  /// The step after one that has succeeded gets what that came to.
  private func queueStep(
    after job: Job, _ place: WorkflowStep, in record: inout WorkflowRecord
  ) throws {
    guard let next = try file.steps(of: place.workflow, from: place.index + 1).first,
      let move = next.job.following(job.result)
    else { return }
    try note(try applyAlone(move, to: next).job, in: &record)
  }

  /// A workflow is over when all its steps are.
  private func close(_ record: inout WorkflowRecord) throws {
    guard record.workflow.state == .running else { return }
    let states = try file.stepStates(of: record.workflow.id)
    guard states.allSatisfy(\.isOver) else { return }
    let isFailed = states.contains { $0.word == "dead" }
    record.workflow.state =
      isFailed ? .failed : states.contains(.cancelled) ? .cancelled : .succeeded
    record.workflow.finished = group.now
    record.workflow.message = "workflow \(record.workflow.state.rawValue)"
    noteRemoval(at: group.now.later(by: settings.retention))
    try publish(&record)
  }

  /// A dead or cancelled step is done again: those after it wait again.
  private func begin(_ record: inout WorkflowRecord, again place: WorkflowStep) throws {
    for step in try file.steps(of: place.workflow, from: place.index + 1) {
      guard let move = step.job.waitingAgain() else { continue }
      try applyAlone(move, to: step)
    }
    record.workflow.state = .running
    record.workflow.finished = nil
  }

  // MARK: Cancelling

  /// Ends all steps from one on that are not over.
  private func cancelSteps(from index: Int, in record: inout WorkflowRecord) throws {
    for step in try file.steps(of: record.workflow.id, from: index) {
      switch step.job.cancelling(at: group.now) {
      case .moved(let move): try note(try applyAlone(move, to: step).job, in: &record)
      case .asked(let job): try askToStop(job)
      case .over: break
      }
    }
  }

  /// Ends the steps after one that is asked to stop.
  func cancelSteps(after place: WorkflowStep) throws {
    guard var record = try file.workflow(place.workflow) else { return }
    try cancelSteps(from: place.index + 1, in: &record)
    try file.update(record)
  }

  /// Asks the worker of a running job to stop.
  func askToStop(_ job: Job) throws {
    try file.updateCancelRequested(job.id)
    guard var lease = books.leases[job.id] else { return }
    lease.isCancelRequested = true
    books.leases.set(job.id, lease)
  }

  func cancelWorkflow(_ id: WorkflowID) throws -> JobReply {
    guard var record = try file.workflow(id) else { throw JobRefusal.noSuchWorkflow }
    switch record.workflow.state {
    case .running: break
    case .succeeded: throw JobRefusal.over(.succeeded)
    case .cancelled: throw JobRefusal.over(.cancelled)
    case .failed: throw JobRefusal.over(.dead(.failed))
    }
    try cancelSteps(from: 0, in: &record)
    try close(&record)
    try file.update(record)
    return .state(record.workflow.state == .running ? .running : .cancelled)
  }
}
