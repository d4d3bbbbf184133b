/// What a poll has found so far.
struct PollState {
  struct Place {
    var next: UInt64
    let epoch: Epoch
  }

  var events: [Event] = []
  var places: [Place?]
  var verdicts: [ChannelVerdict?]
  var hasMore: [Bool]
  var bytesLeft: Int

  init(_ poll: Poll) {
    places = Array(repeating: nil, count: poll.follows.count)
    verdicts = Array(repeating: nil, count: poll.follows.count)
    hasMore = Array(repeating: false, count: poll.follows.count)
    bytesLeft = poll.bytesMax
  }

  /// A page has been read for the channel at `index`. Judges it when it is the first, or when what
  /// was to come next is gone. Returns false when the events of the page must not be given in this
  /// answer: some of the channel were given already, and between them and these is a hole, which
  /// the next poll will be told.
  mutating func arrive(_ index: Int, _ follow: Follow, _ page: HistoryPage) -> Bool {
    let log = page.state
    guard let place = places[index] else {
      judge(index, follow, follow.start, log)
      return true
    }
    let isWhole = place.epoch == log.epoch && place.next >= log.oldest
    if isWhole { return true }
    if events.contains(where: { $0.channel == follow.channel }) { return false }
    // Nothing was given yet, so the verdict still can say it. What it said before is included: the
    // start is judged again, against what the log holds now.
    let first = verdicts[index]?.position
    let start: StartPoint =
      switch follow.start {
      case .after, .malformed: follow.start
      case .live, .oldest, .last: first.map { .after($0) } ?? .malformed
      }
    judge(index, follow, start, log)
    return true
  }

  /// Whether every channel is judged.
  var isJudged: Bool { !places.contains { $0 == nil } }

  /// Whether a verdict says that something is missing: the client is told that at once, with or
  /// without events.
  var tellsLoss: Bool {
    verdicts.contains { judged in
      switch judged?.verdict {
      case .gap, .reset: true
      case .live, .resumed, nil: false
      }
    }
  }

  private mutating func judge(
    _ index: Int, _ follow: Follow, _ start: StartPoint, _ log: LogState
  ) {
    let (verdict, next) = Verdict.judge(start, log)
    places[index] = Place(next: next, epoch: log.epoch)
    verdicts[index] = ChannelVerdict(
      channel: follow.channel, verdict: verdict, next: next, epoch: log.epoch)
  }
}
