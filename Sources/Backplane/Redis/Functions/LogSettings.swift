import FanfareRuntime

/// How the logs of a namespace are kept in Redis.
package struct LogSettings: Sendable, Equatable {
  /// The events that a log retains.
  package var historyEventsMax: Int
  /// The bytes of those events, each counted with ``Event/overheadBytes`` beside its data. The
  /// newest one is retained however large it is.
  package var historyBytesMax: Int
  /// How long it retains an event. Whole milliseconds.
  package var ttl: Duration
  /// How long head and epoch outlive the last use of the log. Whole milliseconds.
  package var metaTTL: Duration
  /// About how many events the namespace's firehose retains; `nil` where it has none.
  package var firehoseEventsMax: Int?

  package init(
    historyEventsMax: Int, historyBytesMax: Int = Limits().historyBytesMax, ttl: Duration,
    metaTTL: Duration, firehoseEventsMax: Int? = nil
  ) {
    self.historyEventsMax = historyEventsMax
    self.historyBytesMax = historyBytesMax
    self.ttl = ttl
    self.metaTTL = metaTTL
    self.firehoseEventsMax = firehoseEventsMax
  }

  /// As the hub holds it.
  var text: String {
    // Redis adds these to its clock: a thousand years are kept from running over.
    let ceiling: Int64 = 1000 * 365 * 24 * 3600 * 1000
    let times = [ttl, metaTTL].map { min(max(0, $0.milliseconds), ceiling) }
    let firehose = max(0, firehoseEventsMax ?? 0)
    return "\(max(0, historyEventsMax)) \(times[0]) \(times[1]) \(firehose) "
      + "\(max(0, historyBytesMax))"
  }
}
