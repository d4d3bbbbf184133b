import FanfareBackplane

/// How often things have happened between a node and its Redis.
struct RedisCounts: Sendable {
  private(set) var lost: UInt64 = 0
  private(set) var generations: UInt64 = 0
  private(set) var backfilled: UInt64 = 0
  private(set) var missed: UInt64 = 0
  private(set) var restarted: UInt64 = 0
  private(set) var refused: UInt64 = 0
  private(set) var malformed: UInt64 = 0
  /// Of the newest probe.
  private(set) var probeSeconds = 0.0

  mutating func count(_ event: RedisEvent) {
    switch event {
    case .lost: lost += 1
    case .renewed, .wentBack: generations += 1
    case .joined(_, _, let isRaised): if isRaised { generations += 1 }
    case .backfilled(_, let events): backfilled += UInt64(clamping: events)
    case .missed(_, let events): missed += events
    case .restarted: restarted += 1
    case .refused: refused += 1
    case .malformed: malformed += 1
    case .probed(let roundTrip): probeSeconds = roundTrip.inSeconds
    case .connected, .loaded, .health, .stopped: break
    }
  }

  func write(to text: inout PrometheusText) {
    for (name, help, value) in [
      ("connections_lost_total", "Connections to Redis that ended or did not open.", lost),
      ("generations_total", "Times at which all logs began anew.", generations),
      (
        "backfilled_total", "Events read from the log, because the feed did not bring them.",
        backfilled
      ),
      ("missed_total", "Events that neither the feed brought nor the log holds.", missed),
      ("restarts_total", "Followed logs that began anew.", restarted),
      ("refusals_total", "Publishes that Redis refused.", refused),
      ("malformed_total", "Messages and replies that no node sends.", malformed),
    ] {
      text.single("fanfare_redis_\(name)", .counter, help, value)
    }
    text.begin("fanfare_redis_probe_seconds", .gauge, "How long the newest probe took.")
    text.sample("fanfare_redis_probe_seconds", probeSeconds)
  }
}
