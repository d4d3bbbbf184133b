/// What kind of thing happened: 1 to 128 bytes `[A-Za-z0-9_.-]`.
///
/// It may not begin with `fanfare.`, nor be `open` or `error`: an `EventSource` uses those itself.
/// The constants are the vocabulary that Fanfare's own clients know; others are as welcome.
public struct EventType: Sendable, Hashable, CustomStringConvertible {
  /// The type as it travels.
  public let text: String

  /// `nil` where `text` breaks the rule above.
  public init?(_ text: some StringProtocol) {
    let bytes = text.utf8
    guard (1...128).contains(bytes.count), bytes.allSatisfy(Self.isAllowed),
      !text.hasPrefix("fanfare."), text != "open", text != "error"
    else { return nil }
    self.text = String(text)
  }

  private init(known text: String) {
    self.text = text
  }

  /// What a refused type has to be told.
  public static let rule =
    "an event type is 1-128 characters of A-Z a-z 0-9 _ . -, does not begin with fanfare. "
    + "and is neither open nor error"

  /// The type's text.
  public var description: String { text }

  static func isAllowed(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."),
      UInt8(ascii: "-"):
      true
    default: false
    }
  }
}

extension EventType {
  /// An agent began a run.
  public static let agentStarted = EventType(known: "agent_started")
  /// An agent used a tool or touched a resource.
  public static let agentActivity = EventType(known: "agent_activity")
  /// An agent's reasoning, as far as it is shown.
  public static let agentThought = EventType(known: "agent_thought")
  /// An agent got further.
  public static let agentProgress = EventType(known: "agent_progress")
  /// An agent ended its run with a result.
  public static let agentCompleted = EventType(known: "agent_completed")
  /// An agent's run failed.
  public static let agentError = EventType(known: "agent_error")
  /// An issue was opened.
  public static let issueCreated = EventType(known: "issue_created")
  /// An issue's text, labels or assignees changed.
  public static let issueUpdated = EventType(known: "issue_updated")
  /// An issue was closed.
  public static let issueClosed = EventType(known: "issue_closed")
  /// A branch was made.
  public static let branchCreated = EventType(known: "branch_created")
  /// Commits were pushed.
  public static let commitPushed = EventType(known: "commit_pushed")
  /// A pull request was opened.
  public static let prCreated = EventType(known: "pr_created")
  /// A pull request was merged.
  public static let prMerged = EventType(known: "pr_merged")
  /// A person has to decide.
  public static let approvalRequired = EventType(known: "approval_required")
  /// A sprint began.
  public static let sprintStarted = EventType(known: "sprint_started")
  /// A sprint ended.
  public static let sprintCompleted = EventType(known: "sprint_completed")
  /// A workflow began.
  public static let workflowStarted = EventType(known: "workflow_started")
  /// A workflow ended well.
  public static let workflowCompleted = EventType(known: "workflow_completed")
  /// A workflow failed.
  public static let workflowFailed = EventType(known: "workflow_failed")
  /// A task of a workflow began.
  public static let taskStarted = EventType(known: "task_started")
  /// A task of a workflow ended.
  public static let taskCompleted = EventType(known: "task_completed")
  /// A workflow's state was saved.
  public static let checkpointCreated = EventType(known: "checkpoint_created")
  /// A pipeline began.
  public static let pipelineStarted = EventType(known: "pipeline_started")
  /// A pipeline ended well.
  public static let pipelineCompleted = EventType(known: "pipeline_completed")
  /// A pipeline failed.
  public static let pipelineFailed = EventType(known: "pipeline_failed")

  /// Every type of the known vocabulary, in the order of the documentation.
  public static let known: [EventType] = [
    .agentStarted, .agentActivity, .agentThought, .agentProgress, .agentCompleted, .agentError,
    .issueCreated, .issueUpdated, .issueClosed, .branchCreated, .commitPushed, .prCreated,
    .prMerged, .approvalRequired, .sprintStarted, .sprintCompleted, .workflowStarted,
    .workflowCompleted, .workflowFailed, .taskStarted, .taskCompleted, .checkpointCreated,
    .pipelineStarted, .pipelineCompleted, .pipelineFailed,
  ]
}
