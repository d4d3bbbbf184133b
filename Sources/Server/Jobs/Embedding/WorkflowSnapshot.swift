import FanfareActors
import FoundationEssentials

/// A workflow as it stood when somebody looked.
public struct WorkflowSnapshot: Sendable, Equatable, Identifiable {
  /// Where a workflow stands.
  public enum State: String, Sendable {
    /// Some of its steps are not over.
    case running
    /// All its steps have succeeded.
    case succeeded
    /// A step is dead, and those after it are cancelled. Retried, it goes on.
    case failed
    /// Somebody wanted that.
    case cancelled
  }

  /// A job of it.
  public struct Step: Sendable, Equatable {
    /// The id of the job.
    public let job: String
    /// What is to be done.
    public let task: String
  }

  /// Names it for good. Its updates are those of the channel `workflow:<id>`.
  public let id: String
  /// Where it stands.
  public let state: State
  /// Its jobs, in the order in which they are done.
  public let steps: [Step]
  /// The steps that have succeeded.
  public let stepsDone: Int
  /// The newest of it, for people: `analyze succeeded`.
  public let message: String
  /// What its jobs have used up together.
  public let usage: JobSnapshot.Usage
  /// When it was made.
  public let created: Date
  /// When it was over.
  public let finished: Date?

  init(_ workflow: Workflow) {
    id = workflow.id.description
    state = State(workflow.state)
    steps = zip(workflow.jobs, workflow.tasks).map {
      Step(job: $0.description, task: $1.text)
    }
    stepsDone = workflow.stepsDone
    message = workflow.message
    usage = JobSnapshot.Usage(
      tokens: workflow.usage.tokens, cost: workflow.usage.cost,
      duration: .seconds(workflow.usage.duration))
    created = Date(milliseconds: workflow.created)
    finished = workflow.finished.map { Date(milliseconds: $0) }
  }
}

extension WorkflowSnapshot.State {
  fileprivate init(_ state: Workflow.State) {
    switch state {
    case .running: self = .running
    case .succeeded: self = .succeeded
    case .failed: self = .failed
    case .cancelled: self = .cancelled
    }
  }
}
