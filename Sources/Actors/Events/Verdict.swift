/// What a log says of itself: which life it is in, where it ends, what it still holds.
public struct LogState: Sendable, Equatable {
  /// The log's life.
  public var epoch: Epoch
  /// The offset of the newest event, 0 while there was none.
  public var head: UInt64
  /// The offset of the oldest event retained; `head + 1` when none is.
  public var oldest: UInt64

  /// A log in its life `epoch` that holds `oldest...head`.
  public init(epoch: Epoch, head: UInt64, oldest: UInt64) {
    self.epoch = epoch
    self.head = head
    self.oldest = oldest
  }
}

/// Where a follower wants to begin.
public enum StartPoint: Sendable, Equatable {
  /// With the events from now on.
  case live
  /// After this position.
  case after(Position)
  /// With the oldest event retained.
  case oldest
  /// With the last so many events.
  case last(Int)
  /// It named a place that cannot be understood.
  case malformed
}

/// The continuity promise that a follower is told whenever it attaches.
public enum Verdict: Sendable, Equatable {
  /// Events from now on.
  case live
  /// Every event after the cursor is retained; so many follow before the live ones.
  case resumed(replayed: UInt64)
  /// The events `from...to` have left history; all that is retained follows.
  case gap(from: UInt64, to: UInt64)
  /// Nothing can be said of what was missed; all that is retained follows.
  case reset

  /// The verdict's name on the wire.
  public var name: String {
    switch self {
    case .live: "live"
    case .resumed: "resumed"
    case .gap: "gap"
    case .reset: "reset"
    }
  }

  /// Whether events are missing, or may be.
  public var isHole: Bool {
    switch self {
    case .live, .resumed: false
    case .gap, .reset: true
    }
  }

  /// Judges a start against what the log holds.
  ///
  /// - Returns: the verdict, and the offset of the first event to deliver.
  public static func judge(
    _ start: StartPoint, _ log: LogState
  ) -> (verdict: Verdict, next: UInt64) {
    switch start {
    case .live:
      return (.live, log.head + 1)
    case .oldest:
      return (.resumed(replayed: log.head + 1 - log.oldest), log.oldest)
    case .last(let count):
      let retained = log.head + 1 - log.oldest
      let replayed = min(UInt64(clamping: count), retained)
      return (.resumed(replayed: replayed), log.head + 1 - replayed)
    case .malformed:
      return (.reset, log.oldest)
    case .after(let position):
      guard position.epoch == log.epoch, position.offset <= log.head else {
        return (.reset, log.oldest)
      }
      guard position.offset + 1 < log.oldest else {
        return (.resumed(replayed: log.head - position.offset), position.offset + 1)
      }
      return (.gap(from: position.offset + 1, to: log.oldest - 1), log.oldest)
    }
  }
}

/// A verdict on one channel, as it is told to the follower.
public struct ChannelVerdict: Sendable, Equatable {
  /// The channel judged.
  public let channel: ChannelName
  /// The promise.
  public let verdict: Verdict
  /// The position that the client keeps from now on, even if no event follows.
  public let position: Position

  /// The verdict on `channel` of a follower whose first event will be the one at offset `next`.
  public init(channel: ChannelName, verdict: Verdict, next: UInt64, epoch: Epoch) {
    self.channel = channel
    self.verdict = verdict
    position = Position(offset: next - 1, epoch: epoch)
  }
}

/// A hole in what an attached follower is delivered, told in its place among the events.
public struct Gap: Sendable, Equatable {
  /// The channel with the hole.
  public let channel: ChannelName
  /// The first event missed.
  public let from: Position
  /// The last event missed; also the position to keep.
  public let to: Position

  /// The hole `from...to` in `channel`.
  public init(channel: ChannelName, from: UInt64, to: UInt64, epoch: Epoch) {
    self.channel = channel
    self.from = Position(offset: from, epoch: epoch)
    self.to = Position(offset: to, epoch: epoch)
  }

  /// How many events were missed, whatever their types.
  public var missed: UInt64 { to.offset + 1 - from.offset }
}
