import FanfareActors

/// Why an attempt failed, from a ``TaskHandler`` that knows what is to follow. Any other error
/// fails the attempt too, and the job is tried again as its queue says.
public struct TaskFailure: Error, Sendable, CustomStringConvertible {
  let failure: JobFailure

  init(_ failure: JobFailure) {
    self.failure = failure
  }

  /// Another attempt may help; not before `delay` has passed.
  public static func failed(_ why: String, retryAfter delay: Duration? = nil) -> TaskFailure {
    var failure = JobFailure(error: why)
    failure.retryAfter = delay
    return TaskFailure(failure)
  }

  /// Another attempt would not help: the job is dead.
  public static func final(_ why: String) -> TaskFailure {
    var failure = JobFailure(error: why)
    failure.mayRetry = false
    return TaskFailure(failure)
  }

  /// The provider behind the job's rate key refused. No attempt is counted, and nobody gets a job
  /// with that key for so long.
  public static func rateLimited(
    retryAfter delay: Duration = .seconds(1), _ why: String = "rate limited"
  ) -> TaskFailure {
    var failure = JobFailure(error: why)
    failure.isRateLimited = true
    failure.retryAfter = delay
    return TaskFailure(failure)
  }

  /// What went wrong.
  public var description: String { failure.error }
}
