import FanfareActors

/// Holds what one follower is told against the promise, and against what everybody else was told.
struct FollowerWitness {
  private(set) var audit: PromiseAudit
  private let ledger: PromiseLedger

  init(_ channels: [String], _ ledger: PromiseLedger) {
    audit = PromiseAudit(channels)
    self.ledger = ledger
  }

  /// The follower connects, with this cursor or none. Returns what is wrong with the cursor.
  mutating func connects(with cursor: String?) -> String? { audit.connects(with: cursor) }

  /// Takes one piece of news. Returns what is wrong with it.
  mutating func note(_ news: FollowerNews) -> [String] {
    let fault = audit.note(news)
    let faults = fault.map { [$0] } ?? []
    guard case .event(let event) = news, let position = Position(event.position) else {
      return faults
    }
    guard let id = JSONFields(event.data)?.string("id") else {
      return faults + ["\(event.channel): the event at \(position) is not the one published"]
    }
    let other = ledger.delivered(id, in: event.channel, at: position)
    return faults + (other.map { [$0] } ?? [])
  }

  /// What was acknowledged and neither delivered nor told missing.
  func unheard() -> [String] {
    audit.accounts.compactMap { channel, account in
      guard let held = account.held else { return nil }
      let last = ledger.lastAcknowledged(in: channel, held.epoch)
      return last > held.offset
        ? "\(channel): \(last) was acknowledged and a follower has stopped at \(held)" : nil
    }.sorted()
  }
}
