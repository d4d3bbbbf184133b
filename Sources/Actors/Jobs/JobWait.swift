import FanfareRuntime

/// Why a job that is not over does not run.
package enum JobWait: Sendable, Equatable {
  /// Milliseconds since 1970.
  case time(Int64)
  /// A step of its workflow, from 0.
  case step(Int, JobID?)
  /// The next attempt; how many failures or crashes there were.
  case attempt(Int64, failures: Int, of: Int, crashes: Int)
  case resumption
  case room(runningMax: Int)
  case budget(RateKey, Duration)
  /// Others come first; so many or more.
  case others(Int, orMore: Bool)
  case worker(TaskName)
  case stop

  /// What it waits for.
  package var sentence: String {
    switch self {
    case .time(let time): return "its time: \(Timestamp.text(milliseconds: time))"
    case .step(let index, let job):
      let name = job.map { " (job \($0))" } ?? ""
      return "step \(index + 1) of its workflow\(name) to succeed"
    case .attempt(let time, let failures, let max, let crashes):
      let attempt = "the next attempt at \(Timestamp.text(milliseconds: time))"
      if failures > 0 { return "\(attempt), after failure \(failures) of \(max)" }
      return crashes > 0 ? "\(attempt), after crash \(crashes) of \(Job.crashesMax)" : attempt
    case .resumption: return "the queue to be resumed"
    case .room(let max): return "the end of other jobs: max-running \(max) are running"
    case .budget(let key, let wait):
      let seconds = (max(0, wait.milliseconds) + 999) / 1_000
      return "the budget of \(key): \(seconds) s"
    case .others(1, false): return "a worker: 1 job is before it"
    case .others(let count, let orMore):
      return "a worker: \(count)\(orMore ? " or more" : "") jobs are before it"
    case .worker(let task): return "a worker of task \(task)"
    case .stop: return "its worker to stop"
    }
  }
}
