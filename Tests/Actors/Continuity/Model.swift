import FanfareRuntime

@testable import FanfareActors

/// What must hold, kept as simply as possible: every channel's events by offset, as publishers were
/// told and as followers saw them.
final class Model {
  private(set) var violations: [String] = []
  /// What each offset of a channel holds, by whoever said it first.
  private var contents: [String: [UInt64: Int]] = [:]
  private var epochs: [String: String] = [:]
  /// The highest offset that a publisher was told, or a follower saw.
  private(set) var heads: [String: UInt64] = [:]
  /// Events that gaps told missing to attached followers.
  var toldAlive: UInt64 = 0
  var toldEnded: UInt64 = 0
  var verdicts: [String: Int] = [:]
  var eventsSeen = 0
  /// Those among them that came over WebSocket.
  var eventsOnSockets = 0
  /// Everything that clients observed, in order, as one number.
  private(set) var trace: UInt64 = 0xCBF2_9CE4_8422_2325

  func violate(_ text: String) {
    if violations.count < 20 { violations.append(text) }
  }

  func note(_ text: String) {
    for byte in text.utf8 { trace = (trace ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
  }

  /// Offset `position` of `channel` holds the event numbered `number`.
  func place(_ number: Int, in channel: String, at position: Position, by who: String) {
    let epoch = epochs[channel] ?? position.epoch.text
    epochs[channel] = epoch
    if epoch != position.epoch.text { violate("\(who): \(channel) changed its epoch") }
    let held = contents[channel, default: [:]][position.offset]
    if let held, held != number {
      violate("\(who): \(channel) \(position.offset) is \(number), was \(held)")
    }
    contents[channel, default: [:]][position.offset] = number
    heads[channel] = max(heads[channel] ?? 0, position.offset)
  }

  func head(_ channel: String) -> UInt64 { heads[channel] ?? 0 }
}

/// One follower's view of one channel: what it must be given next.
struct Expectation {
  let channel: String
  var next: UInt64?
  var epoch = ""

  mutating func judged(
    _ verdict: String, position: Position, from: Position?, to: Position?, gave: Position?,
    _ model: Model, _ who: String
  ) {
    model.verdicts[verdict, default: 0] += 1
    epoch = position.epoch.text
    switch (verdict, gave) {
    case ("live", nil): break
    case ("resumed", let gave?):
      if position != gave { model.violate("\(who): resumed at \(position), gave \(gave)") }
    case ("resumed", nil): break
    // It began live, and what came while it waited was gone before it was read.
    case ("gap", nil): break
    case ("gap", let gave?):
      if from?.offset != gave.offset + 1 || to != position {
        model.violate("\(who): gap from \(from?.description ?? "-"), gave \(gave)")
      }
    case ("reset", _): model.violate("\(who): reset of \(channel) without a reason")
    default: model.violate("\(who): verdict \(verdict) for \(gave?.description ?? "none")")
    }
    next = position.offset + 1
  }

  mutating func event(_ number: Int, at position: Position, _ model: Model, _ who: String) {
    guard let next else { return model.violate("\(who): an event before its verdict") }
    if position.offset != next || position.epoch.text != epoch {
      model.violate("\(who): \(channel) expected \(next).\(epoch), got \(position)")
    }
    self.next = position.offset + 1
    model.eventsSeen += 1
    model.place(number, in: channel, at: position, by: who)
  }

  mutating func gap(from: Position, to: Position, missed: Int, _ model: Model, _ who: String) {
    guard let next else { return model.violate("\(who): a gap before its verdict") }
    if from.offset != next || to.offset < from.offset
      || UInt64(missed) != to.offset + 1 - from.offset
    {
      model.violate("\(who): \(channel) expected \(next), told \(from) to \(to), \(missed)")
    }
    self.next = to.offset + 1
  }
}
