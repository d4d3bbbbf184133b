import FanfareActors

/// A job that stands in the store.
public struct AcceptedJob: Sendable, Equatable, Identifiable {
  /// Names it for good. Its own events are those of the channel `job:<id>`.
  public let id: String
  /// How it stood when it was accepted.
  public let state: JobState
  /// Whether this call made it; else an earlier one did, with the same unique key.
  public let isNew: Bool

  init(_ job: EnqueuedJob) {
    id = job.id.description
    state = job.state
    isNew = job.isNew
  }
}
