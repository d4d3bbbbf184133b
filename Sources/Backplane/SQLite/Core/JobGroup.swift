import FanfareActors
import FanfareRuntime

/// What is done in one transaction: when it was begun, and what it brings.
struct JobGroup {
  /// Milliseconds since 1970.
  let now: Int64
  let instant: MonotonicInstant
  var news = JobNews()
  /// The jobs whose time has come that it has moved.
  var dueMoved = 0
  private(set) var ready: Set<QueueName> = []

  init(now: Int64, instant: MonotonicInstant) {
    self.now = now
    self.instant = instant
  }

  mutating func tellReady(_ queue: QueueName) { ready.insert(queue) }

  var told: JobNews {
    var news = news
    news.readyQueues = ready.sorted()
    return news
  }
}
