import FanfareActors
import FanfareRuntime

/// Hears a backplane, and remembers what it was fed of the channels that it was told to record.
package final class RecordedFeed: BackplaneFeed {
  package struct Record: Sendable {
    /// Where the feed stands: what comes next follows it.
    package var position: Position
    package var events: [Event] = []
    /// The offsets told missing.
    package var missed: UInt64 = 0
    /// The states in which the log began anew.
    package var restarts: [LogState] = []
    package var violations: [String] = []
  }

  private struct State {
    var records: [ChannelName: Record] = [:]
    var violations: [String] = []
    var healths: [BackplaneHealth] = []

    mutating func keepViolations(of channel: ChannelName) {
      violations += (records[channel]?.violations ?? []).map { "\(channel): \($0)" }
      records[channel]?.violations = []
    }
  }

  private let state = Locked(State())

  package init() {}

  /// Records `channel` from now on, whose log was at `log` when it was followed.
  package func begin(_ channel: ChannelName, at log: LogState) {
    state.withLock { state in
      state.keepViolations(of: channel)
      state.records[channel] = Record(position: Position(offset: log.head, epoch: log.epoch))
    }
  }

  package func end(_ channel: ChannelName) {
    state.withLock { state in
      state.keepViolations(of: channel)
      state.records[channel] = nil
    }
  }

  /// All that was wrong, of the channels that are recorded no more too.
  package var violations: [String] {
    state.withLock { state in
      for channel in state.records.keys.sorted() { state.keepViolations(of: channel) }
      return state.violations
    }
  }

  package func record(_ channel: ChannelName) -> Record? {
    state.withLock { $0.records[channel] }
  }

  package var healths: [BackplaneHealth] { state.withLock { $0.healths } }
  package var isProven: Bool { healths.last == .proven }

  // MARK: The feed

  package func received(_ events: [Event], in channel: ChannelName) {
    change(channel) { record in
      if let first = events.first, first.position.offset > record.position.offset + 1 {
        record.miss(through: first.position.offset - 1)
      }
      for event in events {
        let expected = Position(
          offset: record.position.offset + 1, epoch: record.position.epoch)
        if event.position != expected || event.channel != channel {
          record.violations.append("\(event.position) came where \(expected) was due")
        }
        record.events.append(event)
        record.position = event.position
      }
    }
  }

  package func skipped(through offset: UInt64, in channel: ChannelName) {
    change(channel) { record in
      if offset <= record.position.offset {
        record.violations.append("skipped to \(offset) from \(record.position)")
      }
      record.miss(through: offset)
    }
  }

  package func restarted(_ log: LogState, in channel: ChannelName) {
    change(channel) { record in
      if log.epoch == record.position.epoch { record.violations.append("restarted for nothing") }
      record.restarts.append(log)
      record.position = Position(offset: log.head, epoch: log.epoch)
    }
  }

  package func backplane(is health: BackplaneHealth) {
    state.withLock { $0.healths.append(health) }
  }

  private func change(_ channel: ChannelName, _ body: (inout Record) -> Void) {
    state.withLock { state in
      guard var record = state.records[channel] else { return }
      body(&record)
      state.records[channel] = record
    }
  }
}

extension RecordedFeed.Record {
  fileprivate mutating func miss(through offset: UInt64) {
    missed += offset - position.offset
    position.offset = offset
  }
}
