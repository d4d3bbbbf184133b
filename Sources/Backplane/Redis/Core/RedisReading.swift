import DequeModule
import FanfareActors
import FanfareRuntime

/// What is asked of logs, and in which order.
struct RedisReading {
  enum Job {
    /// A feed fills a hole.
    case backfill(Int, life: UInt64, round: UInt64)
    case loop(RedisTicket, eventsMax: Int, bytesMax: Int)
  }

  /// The pages in flight; each may be as large as its bound.
  static let pagesMax = 16
  /// The pages of loops that may wait.
  static let waitingMax = 16_384
  static let backfillEventsMax = 500
  static let backfillBytesMax = 1024 * 1024
  /// The largest page that a loop is given.
  static let pageBytesMax = 4 * 1024 * 1024

  var questions: [(ChannelName, LogQuestion)] = []
  /// The feeds whose questions Redis refused, so that it must be asked again.
  var refused: [(index: Int, life: UInt64)] = []
  var settling = Deque<(due: MonotonicInstant, index: Int, life: UInt64, round: UInt64)>()
  var expiring = Deque<(deadline: MonotonicInstant, index: Int, ticket: RedisTicket)>()
  /// The channels that the rolling check owes a look, in parts of one pulse.
  var checkCredit = 0
  var jobs = Deque<(channel: ChannelName, from: UInt64, job: Job)>()
  var pages = 0
}
