/// One channel as one connection follows it: a cursor into the channel's mailbox, and nothing that
/// grows. Loop-confined.
final class Follower {
  enum State: Equatable {
    /// The shard does not know its log yet, or the log has to be asked what it retains.
    case joining
    /// Judged, and not told yet: other channels of its attachment are not judged, or the log began
    /// anew while it was followed.
    case judged
    /// Fed from the mailbox, or from a page of history that is at hand.
    case ready
    /// Waits for a page of history.
    case fetching
  }

  /// What is needed until the verdict is told, and no longer.
  final class Joining {
    let attachment: Attachment
    /// The channel's place in the attachment.
    let place: Int
    let start: StartPoint
    /// Whether the log is asked what it retains.
    var isInspected = false

    init(attachment: Attachment, place: Int, start: StartPoint) {
      self.attachment = attachment
      self.place = place
      self.start = start
    }
  }

  /// Let go of when the subscriber ends, which then lets go of its followers.
  let subscriber: Subscriber
  let shard: Shard
  var state = State.joining {
    didSet { subscriber.noteLane() }
  }
  /// Up to where what passes have delivered is counted in ``Subscriber/delivered``.
  private var counted: UInt64 = 0
  /// Whether its cursor has moved over filtered events without the client being told.
  var owesCursor = false
  let filter: TypeFilter?
  /// How it is judged; `nil` once that has been told.
  var joining: Joining?
  /// Its index in the shard's lists; -1 while it is not there.
  var slot = -1

  init(subscriber: Subscriber, shard: Shard, filter: TypeFilter?, joining: Joining) {
    self.subscriber = subscriber
    self.shard = shard
    self.filter = filter
    self.joining = joining
  }

  /// The offset of the next event to deliver. The shard's passes move it on without a word here;
  /// everyone else sets it and counts for himself.
  var next: UInt64 {
    get { slot >= 0 ? shard.lanes[slot].next : counted }
    set {
      countPasses()
      if slot >= 0 { shard.lanes[slot].next = newValue }
      counted = newValue
    }
  }

  /// The events that passes have delivered and nobody has counted yet.
  var uncounted: UInt64 { next - counted }

  /// Counts what passes have delivered, before the cursor is moved or its lane goes.
  func countPasses() {
    subscriber.delivered += uncounted
    counted = next
  }

  var hasCaughtUp: Bool {
    get { slot >= 0 && shard.lanes[slot].hasCaughtUp }
    set { if slot >= 0 { shard.lanes[slot].hasCaughtUp = newValue } }
  }

  var lag: UInt64 {
    switch state {
    case .joining, .judged: 0
    // History may have brought it past the feed.
    case .ready, .fetching: max(shard.head + 1, next) - next
    }
  }

  /// The position of the newest event that this follower has been given.
  var position: Position { Position(offset: next - 1, epoch: shard.epoch) }
}
