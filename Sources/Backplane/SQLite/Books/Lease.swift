import FanfareActors
import FanfareRuntime

/// A running job in the eyes of the store. In memory alone: a store that starts gives every running
/// job a fresh one.
struct Lease {
  /// The time between two progress events of one job.
  static let progressPeriod = Duration.milliseconds(100)

  let token: LeaseToken
  let queue: QueueName
  let worker: WorkerName
  /// When it is lost, unless it is renewed.
  var deadline: MonotonicInstant
  /// When the attempt has taken too long, however often it is renewed.
  var timesOut: MonotonicInstant?
  /// Whether the file knows that the worker has been heard of.
  var isConfirmed: Bool
  var isCancelRequested: Bool
  /// The newest progress, while its time has not come.
  var progress: JobProgress?
  /// When that is to be told.
  var progressDue: MonotonicInstant?

  /// When the store has to look at it again.
  var nextLook: MonotonicInstant {
    var look = deadline
    if let timesOut { look = min(look, timesOut) }
    if let progressDue { look = min(look, progressDue) }
    return look
  }
}
