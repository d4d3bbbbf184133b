import FanfareActors

/// Why a call of ``FanfareServer`` about jobs did nothing, in one line.
public enum JobsError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The server is not started, or has been stopped.
  case notRunning
  /// The server keeps no jobs: ``JobsSettings/store``.
  case jobsOff
  /// What was asked for cannot be, and never will. For people: what to mend.
  case refused(String)
  /// There is no such job; one that is over is kept for ``JobsSettings/retention``.
  case noSuchJob
  /// There is no such workflow; one that is over is kept for ``JobsSettings/retention``.
  case noSuchWorkflow
  /// It cannot be cancelled: it is over.
  case over(JobState)
  /// It cannot be retried: it is neither dead nor cancelled.
  case notOver(JobState)
  /// It cannot be retried: the step of its workflow before it, a job with this id, has not
  /// succeeded. Retry that, and this follows.
  case stepBefore(id: String)
  /// The key was used for something else within the last 24 hours.
  case keyReused
  /// The store cannot take it now: its disk is full or fails, or it holds as many jobs as it may.
  /// For people: what to mend. The same call may succeed later.
  case notAccepted(String)

  init(_ refusal: JobRefusal) {
    switch refusal {
    case .noSuchJob: self = .noSuchJob
    case .noSuchWorkflow: self = .noSuchWorkflow
    case .over(let state): self = .over(state)
    case .notOver(let state): self = .notOver(state)
    case .stepBefore(let job): self = .stepBefore(id: job.description)
    case .keyMismatch: self = .keyReused
    case .noSuchQueue, .leaseLost: self = .refused(Problem(refusal).detail)
    case .tooManyJobs: self = .notAccepted("it holds as many jobs as it may (limits.jobs)")
    case .unavailable(let reason): self = .notAccepted(reason)
    }
  }

  /// The line.
  public var description: String {
    switch self {
    case .notRunning: "the server is not running"
    case .jobsOff: "the server keeps no jobs (jobs.store)"
    case .refused(let why): why
    case .noSuchJob: "there is no such job"
    case .noSuchWorkflow: "there is no such workflow"
    case .over(let state): "it is over already: \(state.word)"
    case .notOver(let state): "only a dead or cancelled job can be retried; it is \(state.word)"
    case .stepBefore(let id): "the step before it (job \(id)) has not succeeded: retry that"
    case .keyReused: "the key was used for something else; use a new one"
    case .notAccepted(let why): "nothing was accepted: \(why)"
    }
  }
}
