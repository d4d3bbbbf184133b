/// Where a job stands.
public enum JobState: Sendable, Hashable {
  /// Its time has not come (`delay`, `at`).
  case scheduled
  /// The step of its workflow before it is not over.
  case waiting
  /// A worker may have it.
  case queued
  /// A worker has it.
  case running
  /// It failed, and its time has not come again.
  case retrying
  /// Over: its result stands.
  case succeeded
  /// Over, unless somebody retries it.
  case dead(DeathReason)
  /// Over, because somebody wanted that.
  case cancelled

  /// Whether nothing happens to it any more by itself.
  public var isOver: Bool {
    switch self {
    case .succeeded, .dead, .cancelled: true
    case .scheduled, .waiting, .queued, .running, .retrying: false
    }
  }

  /// The word for clients, without a reason.
  package var word: String {
    switch self {
    case .scheduled: "scheduled"
    case .waiting: "waiting"
    case .queued: "queued"
    case .running: "running"
    case .retrying: "retrying"
    case .succeeded: "succeeded"
    case .dead: "dead"
    case .cancelled: "cancelled"
    }
  }

  /// All words, in the order of a job's life.
  package static let words = [
    "scheduled", "waiting", "queued", "running", "retrying", "succeeded", "dead", "cancelled",
  ]

  /// Where ``word`` stands among ``words``.
  package var place: Int {
    switch self {
    case .scheduled: 0
    case .waiting: 1
    case .queued: 2
    case .running: 3
    case .retrying: 4
    case .succeeded: 5
    case .dead: 6
    case .cancelled: 7
    }
  }
}

/// Why a job is dead.
public enum DeathReason: String, Sendable, Hashable {
  /// It failed as often as it may.
  case attempts
  /// Its worker said that another attempt would not help.
  case failed
  /// It lost its worker as often as a job may.
  case crashes
}
