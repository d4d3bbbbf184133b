import FanfareActors

/// A workflow with what only the store needs to know of it.
struct WorkflowRecord {
  var workflow: Workflow
  /// The number of its newest update.
  var updates: Int64 = 0
}

/// The table of workflows.
extension JobFile {
  func workflow(_ id: WorkflowID) throws -> WorkflowRecord? {
    try one(
      """
      SELECT state, jobs, tasks, steps_done, tokens, spent, duration, created, finished, message,
        updates FROM workflow WHERE id = ?
      """, [.integer(id.number)]
    ) { row in
      let state = try row.name { Workflow.State(rawValue: $0) }
      let jobs = PlainList.read(row.text()).compactMap { Int64($0) }.compactMap { JobID($0) }
      let tasks = PlainList.read(row.text()).compactMap { TaskName($0) }
      var workflow = Workflow(id: id, jobs: jobs, tasks: tasks, created: 0, message: "")
      workflow.state = state
      workflow.stepsDone = row.number()
      workflow.usage.tokens = row.number()
      workflow.usage.cost = row.real() ?? 0
      workflow.usage.duration = row.real() ?? 0
      workflow.created = row.integer() ?? 0
      workflow.finished = row.integer()
      workflow.message = row.text() ?? ""
      return WorkflowRecord(workflow: workflow, updates: row.integer() ?? 0)
    }
  }

  func insert(_ record: WorkflowRecord) throws {
    let workflow = record.workflow
    try run(
      """
      INSERT INTO workflow (id, state, jobs, tasks, steps_done, tokens, spent, duration, created,
        finished, message, updates) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      """,
      [
        .integer(workflow.id.number), .text(workflow.state.rawValue),
        .text(PlainList.text(workflow.jobs.map { String($0.number) })),
        .text(PlainList.text(workflow.tasks.map { "\"\($0.text)\"" })),
        .number(workflow.stepsDone), .number(workflow.usage.tokens), .real(workflow.usage.cost),
        .real(workflow.usage.duration), .integer(workflow.created), .integer(workflow.finished),
        .text(workflow.message), .integer(record.updates),
      ])
  }

  func update(_ record: WorkflowRecord) throws {
    let workflow = record.workflow
    try run(
      """
      UPDATE workflow SET state = ?, steps_done = ?, tokens = ?, spent = ?, duration = ?,
        finished = ?, message = ?, updates = ? WHERE id = ?
      """,
      [
        .text(workflow.state.rawValue), .number(workflow.stepsDone),
        .number(workflow.usage.tokens), .real(workflow.usage.cost),
        .real(workflow.usage.duration), .integer(workflow.finished), .text(workflow.message),
        .integer(record.updates), .integer(workflow.id.number),
      ])
  }

  /// The step before another; `nil` where there is none, or none any more.
  func step(before place: WorkflowStep) throws -> (id: JobID, state: JobState)? {
    try one(
      "SELECT id, state, reason FROM job WHERE workflow = ? AND step = ?",
      [.integer(place.workflow.number), .number(place.index - 1)]
    ) { row in
      (id: try JobRecord.id(row.integer()), state: try JobRecord.state(row.text(), row.text()))
    }
  }

  /// Where the steps of a workflow stand that are still kept, in order.
  func steps(of workflow: WorkflowID) throws -> [StepStatus] {
    var steps: [StepStatus] = []
    try each(
      "SELECT id, queue, state, reason FROM job WHERE workflow = ? ORDER BY step",
      [.integer(workflow.number)]
    ) { row in
      steps.append(
        StepStatus(
          job: try JobRecord.id(row.integer()), queue: try row.name { QueueName($0) },
          state: try JobRecord.state(row.text(), row.text())))
      return true
    }
    return steps
  }

  /// The steps of a workflow from `index` on, in order.
  func steps(of workflow: WorkflowID, from index: Int) throws -> [JobRecord] {
    try jobs(
      "SELECT \(JobRecord.columns) FROM job WHERE workflow = ? AND step >= ? ORDER BY step",
      [.integer(workflow.number), .number(index)])
  }
}
