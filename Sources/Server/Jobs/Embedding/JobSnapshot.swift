import FanfareActors
import FanfareRuntime
import FoundationEssentials

/// A job as it stood when somebody looked.
public struct JobSnapshot: Sendable, Equatable, Identifiable {
  /// What went wrong in one attempt.
  public struct Failure: Sendable, Equatable {
    /// The attempt; 1 is the first.
    public let attempt: Int
    /// When it failed.
    public let time: Date
    /// For people.
    public let text: String
  }

  /// What was used up, as workers told; `nil` where they told nothing of it.
  public struct Usage: Sendable, Equatable {
    /// Units of the rate key's budget.
    public let tokens: Int?
    /// In the currency of whoever pays.
    public let cost: Double?
    /// The time that was worked.
    public let duration: Duration?
  }

  /// A job's place in its workflow.
  public struct Step: Sendable, Equatable {
    /// The id of the workflow.
    public let workflow: String
    /// 1 for the first.
    public let number: Int
  }

  /// Names it for good.
  public let id: String
  /// Where it waits, or waited, for its worker.
  public let queue: String
  /// What is to be done.
  public let task: String
  /// Where it stands.
  public let state: JobState
  /// Why it is not running, in one sentence; `nil` where it runs or is over.
  public let waitingFor: String?
  /// The attempt that runs, or ran last; 0 before the first.
  public let attempt: Int
  /// Failures after which it is dead.
  public let attemptsMax: Int
  /// Attempts that failed.
  public let failures: Int
  /// Leases that were lost: its worker fell silent.
  public let crashes: Int
  /// How far it is, as its worker said last.
  public let progress: JobProgress?
  /// What its newest attempts failed of, the newest last; at most 10.
  public let errors: [Failure]
  /// What it has used up.
  public let usage: Usage?
  /// Where its events are published, besides its own list of them.
  public let channel: String?
  /// Its place in a workflow, where it has one.
  public let step: Step?
  /// When it was made.
  public let created: Date
  /// When its newest attempt began.
  public let started: Date?
  /// When it was over.
  public let finished: Date?
  /// When it is queued, where it is scheduled or retrying.
  public let nextAt: Date?
  /// What it is done with: one JSON value.
  public let argumentsJSON: [UInt8]
  /// What its worker wanted to find again after an interruption: one JSON value.
  public let checkpointJSON: [UInt8]?
  /// What it came to: one JSON value; `nil` unless it has succeeded.
  public let resultJSON: [UInt8]?

  /// What it is done with.
  ///
  /// - Throws: `DecodingError` where the arguments are something else.
  public func arguments<Arguments: Decodable>(
    as type: Arguments.Type = Arguments.self
  ) throws -> Arguments {
    try JSONDecoder().decode(type, from: Data(argumentsJSON))
  }

  /// What it came to; `nil` where there is no result.
  ///
  /// - Throws: `DecodingError` where the result is something else.
  public func result<Result: Decodable>(as type: Result.Type = Result.self) throws -> Result? {
    try resultJSON.map { try JSONDecoder().decode(type, from: Data($0)) }
  }

  init(_ job: Job, waitingFor: String?) {
    id = job.id.description
    queue = job.queue.text
    task = job.task.text
    state = job.state
    self.waitingFor = waitingFor
    attempt = job.attempt
    attemptsMax = job.attemptsMax
    failures = job.failures
    crashes = job.crashes
    progress = job.progress
    errors = job.errors.map {
      Failure(attempt: $0.attempt, time: Date(milliseconds: $0.time), text: $0.text)
    }
    usage = job.usage.map {
      Usage(tokens: $0.tokens, cost: $0.cost, duration: $0.duration.map { .seconds($0) })
    }
    channel = job.channel?.text
    step = job.workflow.map { Step(workflow: $0.workflow.description, number: $0.index + 1) }
    created = Date(milliseconds: job.created)
    started = job.started.map { Date(milliseconds: $0) }
    finished = job.finished.map { Date(milliseconds: $0) }
    nextAt = job.nextAt.map { Date(milliseconds: $0) }
    argumentsJSON = job.arguments
    checkpointJSON = job.checkpoint
    resultJSON = job.result
  }
}

extension Date {
  /// - Parameter milliseconds: since 1970.
  init(milliseconds: Int64) {
    self.init(timeIntervalSince1970: Double(milliseconds) / 1_000)
  }
}
