/// Channels of one connection that are judged together and told in one message: all that it named
/// when it was opened, or the one of a later subscribe. Loop-confined.
final class Attachment {
  /// The client's name for it, as it stood in its message; `nil` when the request itself named the
  /// channels.
  let id: [UInt8]?
  private(set) var missing: Int
  private(set) var verdicts: [ChannelVerdict] = []

  init(of channels: Int, id: [UInt8]?) {
    missing = channels
    self.id = id
    verdicts.reserveCapacity(channels)
  }

  /// Whether every channel is judged.
  var isComplete: Bool { missing == 0 }

  func judged(_ verdict: ChannelVerdict) {
    verdicts.append(verdict)
    missing -= 1
  }

  /// A channel was given up before the verdicts were told; it may have been judged.
  func withdraw(_ channel: ChannelName) {
    if let index = verdicts.firstIndex(where: { $0.channel == channel }) {
      verdicts.remove(at: index)
    } else {
      missing -= 1
    }
  }
}
