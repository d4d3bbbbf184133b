import FanfareRuntime

/// How many messages one client may send: so many a second, and as many again that are refused
/// before it is taken for hostile. Pure: time is given.
struct MessageRate {
  enum Decision: Equatable {
    case allowed
    /// Told 429.
    case refused
    /// Refused too often: the connection ends.
    case hostile
  }

  private let perSecond: Double
  private var allowance: Double
  private var patience: Double
  private var last: MonotonicInstant

  /// A client that begins at `now` with a whole second's messages at hand.
  init(perSecond: Int, now: MonotonicInstant) {
    self.perSecond = Double(perSecond)
    allowance = self.perSecond
    patience = self.perSecond
    last = now
  }

  /// Judges one more message.
  mutating func take(at now: MonotonicInstant) -> Decision {
    let earned = (now - last).inSeconds * perSecond
    last = now
    allowance = min(perSecond, allowance + earned)
    patience = min(perSecond, patience + earned)
    if allowance >= 1 {
      allowance -= 1
      return .allowed
    }
    guard patience >= 1 else { return .hostile }
    patience -= 1
    return .refused
  }
}
