import FanfareActors

/// Holds what one follower is told against the promise, and hands on what it hears.
struct FollowerWitness {
  private(set) var audit: PromiseAudit
  private let hear: @Sendable (ReceivedEvent, Position) -> String?

  /// - Parameter hear: is given every event, and says what is wrong with it.
  init(_ channels: [String], hear: @escaping @Sendable (ReceivedEvent, Position) -> String?) {
    audit = PromiseAudit(channels)
    self.hear = hear
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
    return faults + (hear(event, position).map { [$0] } ?? [])
  }
}
