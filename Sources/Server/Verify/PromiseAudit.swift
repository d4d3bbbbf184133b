import FanfareActors

/// Holds what one follower is told against the promise: every event in order, or exactly what was
/// missed. A pure state machine, one account for each channel.
struct PromiseAudit {
  /// What a follower has been told of one channel.
  struct Account: Equatable {
    /// The position to keep; nil before the first verdict.
    var held: Position?
    var delivered = 0
    /// Told missing, exactly.
    var missed: UInt64 = 0
    var resets = 0
  }

  let channels: [String]
  private(set) var accounts: [String: Account] = [:]
  /// What the cursor said last: what was told since may be told again after a connection's end.
  private var kept: [String: Position] = [:]
  /// Channels that a cursor was given for, or that had their verdict, on this connection.
  private var judged: Set<String> = []

  init(_ channels: [String]) {
    self.channels = channels
    for channel in channels { accounts[channel] = Account() }
  }

  /// Whether every channel has had its first verdict.
  var isAttached: Bool { accounts.values.allSatisfy { $0.held != nil } }

  /// The follower connects, with this cursor or none. Returns what is wrong with the cursor: it
  /// must say what has been told, or all but the verdicts and gaps after the last one handed out.
  mutating func connects(with cursor: String?) -> String? {
    judged = []
    guard let cursor else { return nil }
    let positions = cursor.split(separator: ",", omittingEmptySubsequences: false)
    guard positions.count == channels.count else { return "the cursor \(cursor)" }
    for (channel, text) in zip(channels, positions) where text != "-" {
      let held = accounts[channel]?.held
      guard let position = Position(text), position == held || position == kept[channel] else {
        return "\(channel): connecting with \(text) while at \(self.text(held))"
      }
      accounts[channel]?.held = position
      judged.insert(channel)
    }
    return nil
  }

  /// Takes one piece of news. Returns what is wrong with it.
  mutating func note(_ news: FollowerNews) -> String? {
    switch news {
    case .attached(let verdicts):
      for verdict in verdicts {
        if let fault = attached(verdict) { return fault }
      }
      return nil
    case .event(let event): return delivered(event)
    case .gap(let missed): return told(missed)
    case .cursor(let text): return cursor(text)
    case .degraded, .restored, .bye, .apart, .over: return nil
    }
  }

  private mutating func attached(_ verdict: AttachedChannel) -> String? {
    let channel = verdict.channel
    guard var account = accounts[channel], let position = Position(verdict.position) else {
      return "a verdict on \(channel) at \(verdict.position), which was not asked for"
    }
    defer {
      accounts[channel] = account
      judged.insert(channel)
    }
    let held = account.held
    account.held = position
    switch (verdict.verdict, held) {
    case ("live", _):
      return judged.contains(channel)
        ? "\(channel): live at \(position), although \(text(held)) was given or told" : nil
    case ("resumed", nil): return nil
    case ("resumed", let held?):
      return position == held ? nil : "\(channel): resumed at \(position) after \(held)"
    case ("gap", let held):
      guard let missed = verdict.missed, let from = Position(missed.from),
        let to = Position(missed.to), to == position, from.epoch == to.epoch,
        to.offset + 1 - from.offset == UInt64(clamping: missed.count),
        held.map({ $0.epoch == from.epoch && $0.offset + 1 == from.offset }) ?? true
      else { return "\(channel): a gap to \(position) after \(text(held)) that does not add up" }
      account.missed += UInt64(clamping: missed.count)
      return nil
    case ("reset", _):
      account.resets += 1
      return nil
    default: return "\(channel): the verdict \(verdict.verdict), which is none"
    }
  }

  private mutating func delivered(_ event: ReceivedEvent) -> String? {
    guard let held = accounts[event.channel]?.held, let position = Position(event.position) else {
      return "an event of \(event.channel) before its verdict"
    }
    guard position.epoch == held.epoch, position.offset == held.offset + 1 else {
      return "\(event.channel): the event at \(position) after \(held)"
    }
    accounts[event.channel]?.held = position
    accounts[event.channel]?.delivered += 1
    kept[event.channel] = position
    return nil
  }

  private mutating func told(_ missed: MissedEvents) -> String? {
    guard let held = accounts[missed.channel]?.held, let from = Position(missed.from),
      let to = Position(missed.to), from.epoch == held.epoch, to.epoch == held.epoch,
      from.offset == held.offset + 1, to.offset >= from.offset,
      to.offset + 1 - from.offset == UInt64(clamping: missed.count)
    else {
      let held = accounts[missed.channel]?.held
      return "\(missed.channel): a gap from \(missed.from) to \(missed.to) after \(text(held))"
    }
    accounts[missed.channel]?.held = to
    accounts[missed.channel]?.missed += UInt64(clamping: missed.count)
    return nil
  }

  /// A cursor must say what verdicts, events and gaps have said already.
  private mutating func cursor(_ text: String) -> String? {
    let positions = text.split(separator: ",", omittingEmptySubsequences: false)
    guard positions.count == channels.count else { return "the cursor \(text)" }
    for (channel, position) in zip(channels, positions) {
      let held = accounts[channel]?.held
      guard Position(position) == held else {
        return "\(channel): the cursor \(position) while at \(self.text(held))"
      }
      kept[channel] = held
    }
    return nil
  }

  private func text(_ position: Position?) -> String { position?.description ?? "nothing" }
}
