import FanfareRuntime

/// Finding the verdict for a follower that attaches, and fetching what it missed.
///
/// The follower is in its shard before any history is read, so what is published meanwhile is in
/// the mailbox or in history, and nothing falls between.
extension Fanout {
  /// Judges a follower whose shard has joined: at once where this loop can prove the coverage, else
  /// when the channel's home has said what the log retains.
  func judge(_ follower: Follower) {
    let shard = follower.shard
    let known = shard.known
    guard let joining = follower.joining, !joining.isInspected else { return }
    // What this loop knows may be old. Looked at again when the backplane is proven, or given up.
    guard health == .proven else { return }
    switch joining.start {
    case .live:
      settle(follower, known)
    case .after(let position)
    where position.epoch == known.epoch && position.offset <= known.head
      && position.offset + 1 >= shard.mailboxFirst:
      settle(follower, known)
    case .after, .oldest, .last, .malformed:
      joining.isInspected = true
      shard.inspecting.append(follower)
      if shard.inspecting.count == 1 {
        send(.inspect(shard.channel, loop: loop.index), to: shard.home)
      }
    }
  }

  func inspected(_ channel: ChannelName, _ log: LogState) {
    // What is said of another life of the log than the feed's is asked again once that is there.
    guard let shard = shards[channel], !shard.isJoining, log.epoch == shard.epoch else { return }
    shard.learn(log)
    let waiting = shard.inspecting
    shard.inspecting = []
    let log = shard.extended(by: log)
    for follower in waiting { settle(follower, log) }
  }

  func settle(_ follower: Follower, _ log: LogState) {
    let shard = follower.shard
    guard let start = follower.joining?.start else { return }
    let (verdict, next) = Verdict.judge(start, log)
    follower.next = next
    follower.hasCaughtUp = next > shard.head
    follower.state = .judged
    // From now on what arrives is encoded for it.
    _ = shard.ringIndex(for: follower.subscriber)
    count(verdict, namespace: shard.namespace)
    follower.subscriber.judged(
      follower,
      ChannelVerdict(channel: shard.channel, verdict: verdict, next: next, epoch: log.epoch))
  }

  func count(_ verdict: Verdict, namespace: Int) {
    metrics.attachments[verdict.name, default: 0] += 1
    if case .gap(let from, let to) = verdict {
      metrics.missedOnAttach[namespace] += to + 1 - from
      metrics.gapsTold[namespace] += 1
    }
  }

  // MARK: Pages of history

  /// A page of a log that retains nothing of what was asked for, with what the mailbox does.
  func extended(
    _ page: HistoryPage, of channel: ChannelName, from place: ReadPlace, eventsMax: Int
  ) -> HistoryPage {
    let next: UInt64
    switch place {
    case .offset(let offset): next = offset
    case .start(.after(let position)) where position.epoch == page.state.epoch:
      next = position.offset + 1
    case .start: return page
    }
    guard next < page.state.oldest, let shard = shards[channel], !shard.isJoining,
      shard.epoch == page.state.epoch, next >= shard.mailboxFirst, next <= shard.head + 1,
      page.events.isEmpty
    else { return page }
    let events = shard.mailbox.dropFirst(Int(next - shard.mailboxFirst)).prefix(eventsMax)
    return HistoryPage(state: shard.known, events: Array(events))
  }

  /// Asks for the page that `follower` needs next; its state says that it waits.
  func fetch(for follower: Follower) {
    let shard = follower.shard
    let first = PageCache.firstOffset(ofPageWith: follower.next)
    follower.state = .fetching
    shard.fetching[first, default: []].append(follower)
    guard shard.fetching[first]?.count == 1 else { return }
    send(
      .read(
        shard.channel, loop: loop.index, from: first, events: Int(PageCache.pageEvents)),
      to: shard.home)
  }

  func arrived(_ channel: ChannelName, asked first: UInt64, _ page: HistoryPage) {
    guard let shard = shards[channel], !shard.isJoining, page.state.epoch == shard.epoch else {
      return
    }
    shard.learn(page.state)
    let waiting = shard.fetching.removeValue(forKey: first) ?? []
    var encoded: Set<Int> = []
    for follower in waiting where follower.state == .fetching {
      let format = follower.subscriber.format
      if encoded.insert(format.identity).inserted {
        var run = EncodedEvents(
          format: format, firstOffset: page.events.first?.position.offset ?? first)
        for event in page.events { run.append(event) }
        pages.insert(run, of: channel, shard.epoch, asked: first)
      }
      follower.state = .ready
      enqueue(follower.subscriber)
    }
  }
}
