import FanfareActors
import FanfareRuntime

/// What a verification's publishers were acknowledged and what its followers were delivered, by
/// position: everybody must agree on what stands where. Any thread.
final class PromiseLedger: Sendable {
  private struct Log {
    /// The event at each position, whoever told first.
    var events: [Position: String] = [:]
    /// Where each event stands in each life of the log.
    var places: [Epoch: [String: UInt64]] = [:]
    /// The last offset that was acknowledged in each life of the log.
    var acknowledged: [Epoch: UInt64] = [:]
    /// All events that were acknowledged.
    var promised: Set<String> = []
  }

  private let logs = Locked<[String: Log]>([:])

  /// The server acknowledged `event`. Returns what is wrong with that.
  func acknowledged(_ event: String, in channel: String, at position: Position) -> String? {
    logs.withLock { logs in
      var log = logs[channel] ?? Log()
      logs[channel] = nil
      defer { logs[channel] = log }
      let last = log.acknowledged[position.epoch] ?? 0
      log.acknowledged[position.epoch] = max(last, position.offset)
      log.promised.insert(event)
      return Self.place(event, position, &log).map { "acknowledged in \(channel): \($0)" }
    }
  }

  /// A follower was delivered an event of a publisher. Returns what is wrong with that.
  func delivered(_ event: ReceivedEvent, at position: Position) -> String? {
    // The retained events of before are not this run's; channels are new, so there are none.
    guard let id = JSONFields(event.data)?.string("id") else {
      return "\(event.channel): the event at \(position) is not the one published"
    }
    return delivered(id, in: event.channel, at: position)
  }

  /// A follower was delivered `event`. Returns what is wrong with that.
  func delivered(_ event: String, in channel: String, at position: Position) -> String? {
    logs.withLock { logs in
      var log = logs[channel] ?? Log()
      logs[channel] = nil
      defer { logs[channel] = log }
      return Self.place(event, position, &log).map { "delivered in \(channel): \($0)" }
    }
  }

  private static func place(
    _ event: String, _ position: Position, _ log: inout Log
  ) -> String? {
    if let other = log.events[position], other != event {
      return "\(event) at \(position), where \(other) stands"
    }
    log.events[position] = event
    if let offset = log.places[position.epoch]?[event], offset != position.offset {
      return "\(event) at \(position) and at \(offset) too"
    }
    log.places[position.epoch, default: [:]][event] = position.offset
    return nil
  }

  /// The last offset acknowledged in that life of the channel's log.
  func lastAcknowledged(in channel: String, _ epoch: Epoch) -> UInt64 {
    logs.withLock { $0[channel]?.acknowledged[epoch] ?? 0 }
  }

  /// How many events were acknowledged in the channel and are not known to stand in that life of
  /// its log.
  func lost(in channel: String, _ epoch: Epoch) -> Int {
    logs.withLock { logs in
      guard let log = logs[channel] else { return 0 }
      return log.promised.count { log.places[epoch]?[$0] == nil }
    }
  }

  /// What was acknowledged and neither delivered to a follower nor told missing.
  func unheard(by accounts: [String: PromiseAudit.Account]) -> [String] {
    accounts.compactMap { channel, account in
      guard let held = account.held else { return nil }
      let last = lastAcknowledged(in: channel, held.epoch)
      return last > held.offset
        ? "\(channel): \(last) was acknowledged and a follower has stopped at \(held)" : nil
    }.sorted()
  }
}
