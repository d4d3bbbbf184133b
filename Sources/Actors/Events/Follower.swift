/// One channel as one connection follows it: a cursor into the channel's mailbox, and nothing that
/// grows. Loop-confined.
final class Follower {
  enum State: Equatable {
    /// The shard does not know its log yet, or the log has to be asked what it retains.
    case joining
    /// Judged; other channels of its attachment are not.
    case judged
    /// Fed from the mailbox, or from a page of history that is at hand.
    case ready
    /// Waits for a page of history.
    case fetching
  }

  unowned let subscriber: Subscriber
  let shard: Shard
  let start: StartPoint
  let filter: TypeFilter?
  /// What it is judged with; `nil` once that has been told.
  var attachment: Attachment?
  /// Its index in the shard's list.
  var slot = 0
  var state = State.joining
  /// The offset of the next event to deliver.
  var next: UInt64 = 0
  /// Whether it has once read all there was. The policies other than `catch-up` begin then: what a
  /// verdict promised is delivered first.
  var hasCaughtUp = false
  /// Whether its cursor has moved over filtered events without the client being told.
  var owesCursor = false

  init(
    subscriber: Subscriber, shard: Shard, start: StartPoint, filter: TypeFilter?,
    attachment: Attachment
  ) {
    self.subscriber = subscriber
    self.shard = shard
    self.start = start
    self.filter = filter
    self.attachment = attachment
  }

  var lag: UInt64 {
    switch state {
    case .joining, .judged: 0
    case .ready, .fetching: shard.head + 1 - next
    }
  }

  /// The position of the newest event that this follower has been given.
  var position: Position { Position(offset: next - 1, epoch: shard.epoch) }
}
