import FanfareActors
import FanfareBackplane
import FanfareRuntime
import Logging

/// Turns what happens between a node and its Redis into log lines and counts. Any thread.
final class RedisLog: RedisObserver {
  /// The lines of one kind in a second. What is more is counted and told with the next one: a Redis
  /// without memory refuses every publish, and a log that writes each of them helps nobody.
  static let linesPerSecondMax = 20

  private struct Pace {
    var since: ContinuousClock.Instant
    var lines = 0
    var withheld = 0
  }

  private let logger: Logger
  private let paces = Locked<[String: Pace]>([:])
  private let counts = Locked(RedisCounts())
  private let wasProven = Locked(false)
  /// Why each connection was lost, as far as it has been said since it last worked.
  private let said = Locked<[RedisPurpose: Set<String>]>([:])

  init(_ logger: Logger) {
    self.logger = logger
  }

  /// What has happened since the start.
  var counted: RedisCounts { counts.withLock { $0 } }

  func observed(_ event: RedisEvent) {
    counts.withLock { $0.count(event) }
    switch event {
    case .connected(let purpose):
      // The one for commands works when the nodes are joined.
      if purpose == .feed { said.withLock { $0[.feed] = nil } }
      log(.debug, "connected to redis", ["link": "\(purpose)"])
    case .lost(let purpose, let lost, let retry):
      let level: Logger.Level = lost.isFinal ? .error : .warning
      log(
        isNew(lost.reason, purpose) ? level : .debug, "redis is away",
        ["link": "\(purpose)", "reason": "\(lost.reason)", "retry_seconds": "\(retry.inSeconds)"])
    case .joined(let generation, let isDurable, let isRaised):
      said.withLock { $0[.commands] = nil }
      log(
        isRaised ? .warning : .info, "joined the nodes in redis",
        ["generation": "\(generation)", "durable": "\(isDurable)", "raised": "\(isRaised)"])
    case .renewed(let generation):
      log(.warning, "all logs began anew in redis", ["generation": "\(generation)"])
    case .loaded(let version):
      log(.info, "loaded the functions into redis", ["version": "\(version)"])
    case .wentBack(let channel):
      log(.error, "redis has lost events that were fed", ["channel": "\(channel)"])
    case .backfilled(let channel, let events):
      logPaced(.info, "backfilled", ["channel": "\(channel)", "events": "\(events)"])
    case .missed(let channel, let events):
      logPaced(
        .warning, "events are lost to this node", ["channel": "\(channel)", "events": "\(events)"])
    case .restarted(let channel):
      logPaced(.info, "a log began anew", ["channel": "\(channel)"])
    case .refused(let reason):
      logPaced(.warning, "redis refused a publish", ["reason": "\(reason)"])
    case .malformed(let what):
      logPaced(.warning, "redis said what no node says", ["what": "\(what)"])
    case .probed: break
    case .health(let health):
      // Before the first proof there was none to lose.
      let isLost = health == .unproven && wasProven.withLock { $0 }
      if health == .proven { wasProven.withLock { $0 = true } }
      log(isLost ? .error : .info, "backplane", ["health": "\(health)"])
    case .stopped: log(.debug, "left redis", [:])
    }
  }

  /// Whether this reason has not been said yet: both connections are tried again and again, and
  /// mostly fail for the same one.
  private func isNew(_ reason: String, _ purpose: RedisPurpose) -> Bool {
    said.withLock { said in
      let isNew = !said.values.contains { $0.contains(reason) }
      // Reasons are few; those that hold something that changes are not kept for ever.
      if said[purpose, default: []].count >= 16 { said[purpose] = nil }
      said[purpose, default: []].insert(reason)
      return isNew
    }
  }

  private func logPaced(
    _ level: Logger.Level, _ message: Logger.Message, _ metadata: Logger.Metadata
  ) {
    let now = ContinuousClock.now
    let withheld: Int? = paces.withLock { paces in
      var pace = paces[message.description] ?? Pace(since: now)
      defer { paces[message.description] = pace }
      var withheld = 0
      if now - pace.since >= .seconds(1) {
        withheld = pace.withheld
        pace = Pace(since: now)
      }
      guard pace.lines < Self.linesPerSecondMax else {
        pace.withheld += 1
        return nil
      }
      pace.lines += 1
      return withheld
    }
    guard let withheld else { return }
    var metadata = metadata
    if withheld > 0 { metadata["withheld_before"] = "\(withheld)" }
    log(level, message, metadata)
  }

  private func log(_ level: Logger.Level, _ message: Logger.Message, _ metadata: Logger.Metadata) {
    logger.log(level: level, message, metadata: metadata)
  }
}
