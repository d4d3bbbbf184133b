import FanfareActors

/// Holds what one publisher is acknowledged against the promise, and against what everybody else
/// was told. Its publishes come one after the other.
struct PublisherWitness {
  private let ledger: PromiseLedger
  /// The last position acknowledged in each channel.
  private var last: [String: Position] = [:]

  init(_ ledger: PromiseLedger) {
    self.ledger = ledger
  }

  /// `event` was acknowledged, at the position that `text` says. Returns what is wrong with that.
  mutating func acknowledged(_ event: String, in channel: String, at text: String) -> [String] {
    guard let position = Position(text) else { return ["was answered the position \(text)"] }
    var faults: [String] = []
    if let before = last[channel], before.epoch == position.epoch,
      position.offset <= before.offset
    {
      faults.append("\(channel): \(position) was acknowledged after \(before)")
    }
    last[channel] = position
    if let fault = ledger.acknowledged(event, in: channel, at: position) { faults.append(fault) }
    return faults
  }
}
