/// Channels of one connection that are judged together and told in one message: all that it named
/// when it was opened, or the one of a later subscribe. Loop-confined.
final class Attachment {
  /// The client's name for it, as it stood in its message; `nil` when the request itself named the
  /// channels.
  let id: [UInt8]?
  private var missing: Int
  /// By the channel's place in the request.
  private var places: [ChannelVerdict?]

  init(of channels: Int, id: [UInt8]?) {
    missing = channels
    places = Array(repeating: nil, count: channels)
    self.id = id
  }

  /// Whether every channel is judged.
  var isComplete: Bool { missing == 0 }

  /// The verdicts, in the order of the request.
  var verdicts: [ChannelVerdict] { places.compactMap { $0 } }

  func judged(_ verdict: ChannelVerdict, at place: Int) {
    // Judged again where the log began anew before the verdicts were told.
    if places[place] == nil { missing -= 1 }
    places[place] = verdict
  }

  /// A channel was given up before the verdicts were told; it may have been judged.
  func withdraw(at place: Int) {
    if places[place] == nil { missing -= 1 }
    places[place] = nil
  }
}
