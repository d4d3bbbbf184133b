/// A job that goes from one state to the next: what a store writes down, and tells.
package struct JobMove: Sendable, Equatable {
  /// The job as it is afterwards.
  package let job: Job
  package let from: JobState
  package let cause: JobTransition.Cause
  /// Its events, in their order; each says the job as it is afterwards.
  package let events: [JobEventKind]

  init(_ job: Job, from: JobState, _ cause: JobTransition.Cause, _ events: [JobEventKind]) {
    self.job = job
    self.from = from
    self.cause = cause
    self.events = events
  }
}

/// What became of the wish that a job ends.
package enum CancelMove: Sendable, Equatable {
  /// It has ended.
  case moved(JobMove)
  /// Its worker is asked to stop; the job as it is now.
  case asked(Job)
  /// It was over before.
  case over(JobState)
}
