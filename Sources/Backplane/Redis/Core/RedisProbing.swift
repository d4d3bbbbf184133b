import FanfareActors
import FanfareRuntime

/// The probe: a publish of this node to a channel of its own, which must come back on its feed.
struct RedisProbing {
  enum State {
    case resting(until: MonotonicInstant)
    /// One is due and cannot be sent; since then nothing is proven.
    case due(since: MonotonicInstant)
    /// The probe with this number is out.
    case out(UInt64, since: MonotonicInstant, sent: MonotonicInstant)
  }

  let channel: ChannelName
  var state = State.resting(until: MonotonicInstant(nanoseconds: 0))
  var lastNumber: UInt64 = 0
  /// Whether a probe has come back since health was last unproven.
  var isBack = false

  init(channel: ChannelName) {
    self.channel = channel
  }
}
