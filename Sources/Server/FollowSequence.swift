import FanfareActors

/// Where a follower in this process begins.
public enum FollowStart: Sendable, Equatable {
  /// With the events from now on.
  case live
  /// With the oldest event retained.
  case oldest
  /// With the last so many events of each channel.
  case last(Int)
  /// After a cursor that was handed out for the same channels in the same order.
  case after(String)

  func follows(_ channels: [ChannelName]) throws(ServerError) -> [Follow] {
    switch self {
    case .live: return channels.map { Follow(channel: $0, start: .live) }
    case .oldest: return channels.map { Follow(channel: $0, start: .oldest) }
    case .last(let count): return channels.map { Follow(channel: $0, start: .last(count)) }
    case .after(let text):
      guard let cursor = Cursor(text, for: channels) else {
        throw .badFollow("the cursor is not one of these channels in this order")
      }
      return zip(channels, cursor.positions).map { channel, position in
        Follow(channel: channel, start: position.map { .after($0) } ?? .live)
      }
    }
  }
}

/// What a follower in this process is given.
public enum FollowItem: Sendable {
  /// The continuity promise, told first, and again whenever it is broken.
  case attached([ChannelVerdict])
  /// One event.
  case event(Event)
}

/// The events of some channels, in order, as they come.
///
/// Nothing is queued for a follower: it reads the channels' history at its own pace, and what has
/// left history before it was read is told as a new verdict. The sequence ends when the task is
/// cancelled or the server stops.
public struct FollowSequence: AsyncSequence, Sendable {
  /// What the sequence gives.
  public typealias Element = FollowItem

  private static let eventsMax = 256
  private static let bytesMax = 1024 * 1024
  private static let wait = Duration.seconds(60)

  let hub: Hub
  let follows: [Follow]
  let filter: TypeFilter?

  /// Reads from where the sequence begins.
  public func makeAsyncIterator() -> Iterator {
    Iterator(sequence: self, follows: follows)
  }

  /// Reads one item at a time.
  public struct Iterator: AsyncIteratorProtocol {
    let sequence: FollowSequence
    var follows: [Follow]
    private var waiting: [FollowItem] = []
    private var place = 0
    private var isAttached = false
    private var positions: [Position] = []
    private var batchEnd: [Position] = []
    /// The cursor after the last item given: what a later ``FollowStart/after(_:)`` resumes with.
    public private(set) var cursor: String?

    init(sequence: FollowSequence, follows: [Follow]) {
      self.sequence = sequence
      self.follows = follows
    }

    /// The next item, as soon as there is one.
    public mutating func next() async throws -> FollowItem? {
      while place == waiting.count {
        // A refill may bring nothing: the wait was over, or the backplane is away.
        guard !Task.isCancelled else { return nil }
        guard try await refill() else { return nil }
      }
      let item = waiting[place]
      place += 1
      advance(past: item)
      return item
    }

    /// The cursor says what has been given, not what has been read.
    private mutating func advance(past item: FollowItem) {
      switch item {
      case .attached(let verdicts):
        for verdict in verdicts { move(verdict.channel, to: verdict.position) }
      case .event(let event): move(event.channel, to: event.position)
      }
      // Events that the filter hides are passed over with the last one shown.
      if place == waiting.count { positions = batchEnd }
      cursor = Cursor(positions.map { $0 }).description
    }

    private mutating func move(_ channel: ChannelName, to position: Position) {
      guard let index = follows.firstIndex(where: { $0.channel == channel }) else { return }
      positions[index] = position
    }

    /// Reads what is next. Returns false when the server has stopped.
    private mutating func refill() async throws(ServerError) -> Bool {
      let poll = Poll(
        follows: follows, filter: sequence.filter, eventsMax: FollowSequence.eventsMax,
        bytesMax: FollowSequence.bytesMax,
        // The first verdicts come at once, whether or not there are events.
        wait: isAttached ? FollowSequence.wait : .zero, transport: .inProcess)
      let hangUp = HangUp()
      let answer: PollAnswer
      do {
        answer = try await withTaskCancellationHandler {
          try await sequence.hub.answer(poll, hangUp: hangUp)
        } onCancel: {
          hangUp.hangUp()
        }
      } catch PublishError.tooManyChannels {
        throw .badFollow("this node holds as many channels as it may (limits.channels)")
      } catch {
        // A backplane that is away comes back; the hub has waited for it already.
        return !sequence.hub.isStopped
      }
      waiting = []
      place = 0
      let broken = answer.verdicts.filter { verdict in
        switch verdict.verdict {
        case .live, .resumed: false
        case .gap, .reset: true
        }
      }
      if !isAttached {
        waiting.append(.attached(answer.verdicts))
      } else if !broken.isEmpty {
        waiting.append(.attached(broken))
      }
      isAttached = true
      waiting += answer.events.map(FollowItem.event)
      batchEnd = answer.cursor
      if positions.isEmpty { positions = answer.verdicts.map(\.position) }
      follows = zip(follows, answer.cursor).map { follow, position in
        Follow(channel: follow.channel, start: .after(position))
      }
      return true
    }
  }
}
