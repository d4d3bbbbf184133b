/// Jobs that are done one after another, each with the result of the one before.
package struct Workflow: Sendable, Equatable {
  /// Where a workflow stands.
  package enum State: String, Sendable {
    case running, succeeded, failed, cancelled
  }

  package let id: WorkflowID
  package var state: State
  /// In order.
  package var jobs: [JobID]
  /// The tasks of the steps, in order.
  package var tasks: [TaskName]
  /// The steps that have succeeded; the index of the one that is under way.
  package var stepsDone: Int
  /// What its jobs have used up together.
  package var usage: Totals
  // Milliseconds since 1970.
  package var created: Int64
  package var finished: Int64?
  /// Its newest word: `analyze succeeded`.
  package var message: String

  /// Sums of what steps used up.
  package struct Totals: Sendable, Equatable {
    package var tokens = 0
    package var cost = 0.0
    /// In seconds.
    package var duration = 0.0

    /// Nothing yet.
    package init() {}

    /// Adds what one attempt took.
    package mutating func add(_ usage: JobUsage) {
      tokens = tokens.addingReportingOverflow(usage.tokens ?? 0).partialValue
      cost += usage.cost ?? 0
      duration += usage.duration ?? 0
    }
  }

  /// A workflow that has just been made.
  package init(id: WorkflowID, jobs: [JobID], tasks: [TaskName], created: Int64, message: String) {
    self.id = id
    self.state = .running
    self.jobs = jobs
    self.tasks = tasks
    self.stepsDone = 0
    self.usage = Totals()
    self.created = created
    self.message = message
  }
}

/// Where one step of a workflow stands.
package struct StepStatus: Sendable, Equatable {
  package let job: JobID
  package let queue: QueueName
  package let state: JobState

  /// The step that is `job`.
  package init(job: JobID, queue: QueueName, state: JobState) {
    self.job = job
    self.queue = queue
    self.state = state
  }
}
