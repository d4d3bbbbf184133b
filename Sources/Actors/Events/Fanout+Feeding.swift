import FanfareRuntime

/// Offering one connection what it has not had yet: one send, from where its cursors stand.
extension Fanout {
  /// Feeds `subscriber` once. Returns whether it should soon be fed again.
  func feed(_ subscriber: Subscriber) -> Bool {
    guard subscriber.canSend else { return false }
    subscriber.tellResets()
    if health == .unproven { subscriber.tellHealth(health) }
    guard subscriber.canSend else { return false }
    let wantsMore = feedEvents(subscriber)
    // Behind what was missing.
    if health == .proven, subscriber.toldHealth != health, subscriber.canSend,
      subscriber.lag == 0
    {
      subscriber.tellHealth(health)
    }
    return wantsMore
  }

  private func feedEvents(_ subscriber: Subscriber) -> Bool {
    guard subscriber.isPlain else { return feedGathered(subscriber) }
    let follower = subscriber.followers[0]
    guard follower.state == .ready, follower.next <= follower.shard.head else { return false }
    return feedPlain(follower, of: subscriber, follower.shard)
  }

  /// Feeds a connection that follows one channel and nothing else, is ready and behind.
  func feedPlain(_ follower: Follower, of subscriber: Subscriber, _ shard: Shard) -> Bool {
    let index = shard.ringIndex(for: subscriber)
    guard shard.rings[index].contains(follower.next) else { return feedGathered(subscriber) }
    feedSlice(follower, of: subscriber, shard, ring: index)
    return false
  }

  /// The fast path of one connection: the whole backlog is one slice of the shared ring.
  private func feedSlice(
    _ follower: Follower, of subscriber: Subscriber, _ shard: Shard, ring: Int
  ) {
    let start = shard.rings[ring].index(of: follower.next)
    let bytes = shard.rings[ring].bytes
    let sent = subscriber.offer(bytes.span.extracting(start..<bytes.count))
    // A dead socket has ended the subscriber, and with its last reader goes the ring.
    guard sent > 0 else { return }
    move(follower, over: sent, from: start, in: shard.rings[ring])
  }

  /// Moves the cursor over what the kernel took of the slice that begins at `start`.
  private func move(
    _ follower: Follower, over sent: Int, from start: Int, in ring: EncodedEvents
  ) {
    let before = follower.next
    if start + sent == ring.bytes.count {
      follower.next = ring.nextOffset
      follower.hasCaughtUp = true
    } else {
      // The frame that the kernel took in part is the follower's; its rest goes first next time.
      let cut = ring.offset(ofByteAt: start + sent)
      follower.next = cut
      if ring.index(of: cut) < start + sent {
        follower.next = cut + 1
        follower.subscriber.keepRest(ring.bytes[(start + sent)..<ring.index(of: cut + 1)])
      }
    }
    count(delivered: follower.next - before, to: follower.subscriber)
  }

  /// Sends to the followers of `shard` from the pass's place on while their lanes are open: what is
  /// new is one slice of the ring, and most have had all before it. No object of a follower is
  /// touched unless its kernel is full.
  ///
  /// - Returns: whether the pass has moved; else the follower at its place has to be looked at.
  func sendAlong(_ shard: Shard) -> Bool {
    guard let first = shard.pass.index else { return false }
    var index = first
    let head = shard.head
    var ring = -1
    var bytes: [UInt8] = []
    var format: Int16 = -1
    // Where the slice of the follower before began.
    var start = 0
    var next: UInt64 = 0
    while index < shard.lanes.count, sendsLeft > 0 {
      let lane = shard.lanes[index]
      guard lane.next <= head else {
        index += 1
        continue
      }
      guard lane.socket != .none else { break }
      if lane.format != format {
        guard let found = shard.ringIndex(ofFormat: lane.format) else { break }
        ring = found
        bytes = shard.rings[ring].bytes
        format = lane.format
        next = 0
      }
      if lane.next != next {
        guard shard.rings[ring].contains(lane.next) else { break }
        next = lane.next
        start = shard.rings[ring].index(of: next)
      }
      sendsLeft -= 1
      index += 1
      let sent = loop.send(bytes.span.extracting(start..<bytes.count), to: lane.socket)
      guard sent == bytes.count - start else {
        shard.pass.index = index
        let follower = shard.followers[index - 1]
        let subscriber = follower.subscriber
        let count = bytes.count - start
        let taken = subscriber.took(subscriber.stream.settle(sent, of: count), of: count)
        guard taken > 0 else { return true }
        move(follower, over: taken, from: start, in: shard.rings[ring])
        return true
      }
      shard.lanes[index - 1].next = head + 1
      shard.lanes[index - 1].sentAt = loop.now
      shard.lanes[index - 1].hasCaughtUp = true
      metrics.deliveries[Int(lane.transport)] += head + 1 - lane.next
    }
    shard.pass.index = index
    return index > first
  }

  private func count(delivered events: UInt64, to subscriber: Subscriber) {
    subscriber.delivered += events
    metrics.deliveries[subscriber.transport.rawValue] += events
  }

  // MARK: Gathering

  func feedGathered(_ subscriber: Subscriber) -> Bool {
    if subscriber.owesVerdicts {
      // Before any cursor that names the new log.
      subscriber.tellResets()
      guard subscriber.canSend else { return false }
    }
    gather.begin(subscriber.followers)
    var wantsMore = false
    for place in subscriber.followers.indices {
      let follower = subscriber.followers[place]
      guard follower.state == .ready else { continue }
      collect(follower, place, for: subscriber)
      if follower.state == .ready, follower.next <= follower.shard.head { wantsMore = true }
      guard subscriber.state == .streaming else { return false }
    }
    if gather.bytes.isEmpty {
      return wantsMore && subscriber.canSend
    }
    let bytes = gather.bytes
    let sent = subscriber.offer(bytes.span)
    if subscriber.state == .streaming { commit(subscriber, sent: sent) }
    return wantsMore && subscriber.canSend
  }

  /// Gathers what `follower` is to be given, as far as it is at hand and the room goes.
  private func collect(_ follower: Follower, _ place: Int, for subscriber: Subscriber) {
    let shard = follower.shard
    let ring = shard.ringIndex(for: subscriber)
    while follower.next <= shard.head, gather.bytes.count < Gather.bytesMax {
      if shard.rings[ring].contains(follower.next) {
        let last = shard.head
        copy(shard.rings[ring], through: last, to: follower, place)
        continue
      }
      if follower.next < shard.holeEnd {
        // No follower is too slow for what never came.
        tellGap(follower, place, to: shard.holeEnd - 1, .history)
        guard subscriber.state == .streaming else { return }
        continue
      }
      switch shard.settings.overflow {
      case .disconnect where follower.hasCaughtUp:
        subscriber.leave(.overflow, retry: retry())
        return
      case .dropOldest where follower.hasCaughtUp:
        let kept = UInt64(shard.rings[ring].count + 1) / 2
        tellGap(follower, place, to: shard.head - kept, .dropOldest)
        guard subscriber.state == .streaming else { return }
        continue
      case .catchUp, .dropOldest, .disconnect: break
      }
      if follower.next < shard.known.oldest {
        tellGap(follower, place, to: shard.known.oldest - 1, .history)
        guard subscriber.state == .streaming else { return }
      } else if let page = pages.page(
        of: shard.channel, shard.epoch, format: subscriber.format, with: follower.next)
      {
        // History may know of events that the feed has not brought here yet.
        copy(page, through: min(page.nextOffset - 1, shard.head), to: follower, place)
      } else {
        fetch(for: follower)
        return
      }
    }
  }

  private func tellGap(
    _ follower: Follower, _ place: Int, to last: UInt64, _ reason: DropReason
  ) {
    let shard = follower.shard
    let subscriber = follower.subscriber
    guard subscriber.format.tellsHoles else { return subscriber.leave(.hole, retry: nil) }
    let gap = Gap(
      channel: shard.channel, from: follower.next, to: last, epoch: shard.epoch)
    follower.next = last + 1
    subscriber.format.appendGap(gap, cursor: subscriber.cursor, to: &gather.bytes)
    gather.mark(place, next: follower.next, .gap(missed: gap.missed, reason))
  }

  /// Copies the frames that pass the follower's filter, each behind its cursor.
  private func copy(
    _ run: EncodedEvents, through last: UInt64, to follower: Follower, _ place: Int
  ) {
    let subscriber = follower.subscriber
    let shard = follower.shard
    let hasOwnCursor = subscriber.followers.count > 1 && subscriber.format.hasCompositeCursor
    var skipped = false
    while follower.next <= last, gather.bytes.count < Gather.bytesMax {
      let entry = run.entry(at: follower.next)
      let start = run.index(of: follower.next)
      let end = run.index(of: follower.next + 1)
      follower.next += 1
      if let filter = follower.filter, !filter.accepts(entry.type) {
        skipped = true
        continue
      }
      skipped = false
      follower.owesCursor = false
      if hasOwnCursor {
        subscriber.format.appendCursorPrefix(subscriber.cursor, to: &gather.bytes)
        gather.bytes.append(contentsOf: run.bytes[(start + entry.cursorBytes)..<end])
      } else {
        gather.bytes.append(contentsOf: run.bytes[start..<end])
      }
      gather.mark(place, next: follower.next, .event)
    }
    guard skipped else { return }
    if gather.bytes.isEmpty {
      // Nothing else is sent now: the heartbeat will tell.
      follower.owesCursor = true
    } else {
      subscriber.format.appendMoved(
        shard.channel, to: follower.position, cursor: subscriber.cursor, to: &gather.bytes)
    }
    // Also where nothing is said: the cursors of the connection's other channels say it, and what
    // they have said may not be taken back.
    gather.mark(place, next: follower.next, .cursor)
  }

  /// Settles a round of which the kernel took `sent` bytes: frames that it took, and the one it
  /// took in part, are the connection's; the cursors go back before all others.
  private func commit(_ subscriber: Subscriber, sent: Int) {
    let isWhole = sent == gather.bytes.count
    if !isWhole {
      for place in subscriber.followers.indices {
        subscriber.followers[place].next = gather.before[place]
      }
    }
    var frameStart = 0
    var delivered: UInt64 = 0
    for mark in gather.marks {
      guard isWhole || frameStart < sent else { break }
      let follower = subscriber.followers[mark.follower]
      if !isWhole { follower.next = mark.next }
      switch mark.effect {
      case .event: delivered += 1
      case .gap(let missed, let reason):
        let namespace = follower.shard.namespace
        subscriber.dropped += missed
        follower.shard.dropped += missed
        metrics.dropped[namespace][reason.rawValue] += missed
        metrics.gapsTold[namespace] += 1
      case .cursor: break
      }
      if mark.end > sent { subscriber.keepRest(gather.bytes[max(sent, frameStart)..<mark.end]) }
      frameStart = mark.end
    }
    for follower in subscriber.followers where follower.next > follower.shard.head {
      follower.hasCaughtUp = true
    }
    count(delivered: delivered, to: subscriber)
  }
}
