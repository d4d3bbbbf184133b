/// One connection of the load side.
struct LoadFollower {
  enum State {
    /// The request has not been sent.
    case connecting
    /// The answer's head has not come.
    case head
    case streaming
    case ended
  }

  let descriptor: Int32
  /// The place of its channel among those of the crowd.
  let channel: Int
  /// Whether it leaves everything in the socket: the follower that never reads.
  let isDeaf: Bool
  var state = State.connecting
  var audit = SequenceAudit()
  /// The beginning of a message that has not come whole.
  var rest: [UInt8] = []

  init(descriptor: Int32, channel: Int, isDeaf: Bool) {
    self.descriptor = descriptor
    self.channel = channel
    self.isDeaf = isDeaf
  }
}
