import DequeModule
import FanfareActors
import FanfareRuntime

/// A question to be asked of a log, with all others of the same turn.
enum LogQuestion {
  /// By a feed.
  case feed(Int, life: UInt64, round: UInt64)
  /// By the rolling check: a feed had come this far.
  case check(Int, life: UInt64, before: Position)
  /// By a loop.
  case loop(RedisTicket)
}

extension RedisCore {
  func follow(_ channel: ChannelName, _ ticket: RedisTicket?) {
    guard !isStopped else {
      if let ticket { answer(ticket, .failed(.unavailable)) }
      return
    }
    let name = functions.keys.feed(channel)
    let isRetained =
      settings.mode == .streams && namespaces.settings(of: channel).historyEventsMax > 0
    let index = followed.follow(channel, name, isRetained: isRetained, ticket: ticket)
    if let ticket {
      reading.expiring.append((loop.now + settings.pace.followPatience, index, ticket))
    }
    if followed[index]?.subscription == .confirmed {
      run(index) { followed.change(index) { $0.subscribed() } }
    }
  }

  func unfollow(_ channel: ChannelName) {
    guard let index = followed.index(of: functions.keys.feed(channel)) else { return }
    unfollow(index)
  }

  private func unfollow(_ index: Int) {
    for ticket in followed.unfollow(index, until: loop.now + settings.pace.linger) {
      answer(ticket, .failed(.unavailable))
    }
  }

  /// All that was followed in this turn, in one command.
  func subscribeAsked() {
    // One that opens is asked for all.
    guard case .open(let link, _) = feedLink else { return followed.forgetUnasked() }
    let names = followed.takeUnasked()
    if !names.isEmpty { link.subscribe(names) }
  }

  func endLingering() {
    let names = followed.endLingering(at: loop.now)
    if case .open(let link, _) = feedLink, !names.isEmpty { link.unsubscribe(names) }
  }

  /// Refuses the follows that Redis has not answered in time.
  func expireFollows() {
    while let first = reading.expiring.first, first.deadline <= loop.now {
      reading.expiring.removeFirst()
      guard let slot = followed[first.index], slot.waiting.contains(first.ticket) else { continue }
      unfollow(first.index)
    }
  }

  /// Nobody is told anything any more.
  func failWaiting() {
    for index in followed.indices {
      for ticket in followed.takeWaiting(index) { answer(ticket, .failed(.unavailable)) }
    }
    failReads()
  }

  // MARK: Steps

  /// Moves a feed, and does what it says.
  func run(_ index: Int, _ move: () -> [ChannelFeed.Step]) {
    guard let before = followed[index] else { return }
    var fed = before.feed?.fed?.offset
    for step in move() {
      switch step {
      case .askState(let round):
        reading.questions.append((before.channel, .feed(index, life: before.life, round: round)))
      case .askPage(let from, let round):
        backfill(index, before, from: from, round: round)
      case .check(let position): check(index, before, position)
      case .followed(let log):
        fed = log.head
        for ticket in followed.takeWaiting(index) { answer(ticket, .log(log)) }
      case .deliver(let events):
        if let first = events.first, let last = events.last {
          missed(before.channel, fed: fed, before: first.position.offset)
          fed = last.position.offset
        }
        pass(.events(before.channel, events), of: before.channel)
      case .skipped(let offset):
        missed(before.channel, fed: fed, before: offset + 1)
        fed = offset
        pass(.skipped(before.channel, through: offset), of: before.channel)
      case .restarted(let log):
        fed = log.head
        if before.channel == probing.channel {
          // Nobody else writes to it: the other logs are looked at without waiting for their turn.
          checkHeads(of: followed.indices)
        } else {
          observer.observed(.restarted(before.channel))
        }
        pass(.restarted(before.channel, log), of: before.channel)
      case .wait(let round):
        reading.settling.append(
          (loop.now + settings.pace.settle, index, life: before.life, round: round))
      case .wentBack(let epoch):
        wentBack(index, before, in: Generation(of: epoch))
      }
    }
  }

  /// A log is not the one that has fed this node. Where Redis cannot be told now, it is when the
  /// node joins.
  private func wentBack(
    _ index: Int, _ slot: FollowedChannels.Slot, in generation: Generation?
  ) {
    observer.observed(.wentBack(slot.channel))
    wentBackIn = generation
    guard let ready = commands.ready else { return }
    if ready.generation == generation {
      raise(from: ready.generation)
    } else {
      // All logs have another life by now, of which this feed is yet to hear.
      reading.refused.append((index, slot.life))
    }
  }

  private func pass(_ delivery: RedisDelivery, of channel: ChannelName) {
    guard channel == probing.channel else { return deliver(delivery, home: home(of: channel)) }
    if case .events(_, let events) = delivery { probeCame(events) }
  }

  private func missed(_ channel: ChannelName, fed: UInt64?, before offset: UInt64) {
    guard let fed, fed + 1 < offset, channel != probing.channel else { return }
    observer.observed(.missed(channel, events: offset - 1 - fed))
  }

  // MARK: Questions

  /// All that was asked of logs in this turn, in as few commands as may be.
  func askAsked() {
    guard !reading.questions.isEmpty else { return }
    var questions = reading.questions[...]
    reading.questions = []
    // A feed asks again when Redis answers again.
    guard let (link, generation) = commands.ready else { return refuse(questions.map(\.1)) }
    while !questions.isEmpty {
      let chunk = questions.prefix(RedisFunctions.channelsPerStateMax)
      questions = questions.dropFirst(chunk.count)
      let channels = chunk.map(\.0)
      let asked = chunk.map(\.1)
      link.send(functions.state(of: channels, in: generation)) { [weak self] result in
        self?.answered(result, channels, asked, in: generation)
      }
    }
  }

  private func answered(
    _ result: Result<RedisValue, RedisLost>, _ channels: [ChannelName], _ asked: [LogQuestion],
    in generation: Generation
  ) {
    guard case .success(let reply) = result else { return refuse(asked) }
    do throws(FunctionError) {
      let states = try RedisFunctions.states(reply, of: channels)
      for ((log, channel), question) in zip(zip(states, channels), asked) {
        switch question {
        case .feed(let index, let life, let round):
          guard followed.slot(index, life: life) != nil else { continue }
          run(index) { followed.change(index) { $0.answered(log, round: round) } }
        case .check(let index, let life, let before):
          guard followed.slot(index, life: life) != nil else { continue }
          run(index) { followed.change(index) { $0.checked(log, before: before) } }
        case .loop(let ticket):
          compareLife(of: channel, log)
          answer(ticket, .log(log))
        }
      }
    } catch {
      for case .feed(let index, let life, _) in asked { reading.refused.append((index, life)) }
      heed(error, sentIn: generation)
      refuse(asked)
    }
  }

  /// A loop was told of a log in another life than its feed: it waits until the feed says so, too.
  func compareLife(of channel: ChannelName, _ log: LogState) {
    guard let index = followed.index(of: functions.keys.feed(channel)),
      let fed = followed[index]?.feed?.fed, fed.epoch != log.epoch
    else { return }
    run(index) { followed.change(index) { $0.checked(log, before: fed) } }
  }

  private func refuse(_ questions: [LogQuestion]) {
    for question in questions {
      if case .loop(let ticket) = question { answer(ticket, .failed(.unavailable)) }
    }
  }

  /// An error that tells more than that one command failed.
  func heed(_ error: FunctionError, sentIn generation: Generation) {
    switch error {
    case .generation, .missing: rejoin(sentIn: generation)
    case .unwritable(let text) where text.hasPrefix("READONLY") || text.hasPrefix("MASTERDOWN"):
      // Another server may have become the primary: joining finds out, and connects anew.
      rejoin(sentIn: generation)
    case .malformed(let text): observer.observed(.malformed("a reply without \(text)"))
    case .unwritable, .mismatch, .invalid, .denied, .refused: break
    }
  }

  // MARK: Looking again

  /// Feeds whose questions Redis refused ask again.
  func retryQuestions() {
    guard commands.ready != nil else { return }
    let refused = reading.refused
    reading.refused = []
    for (index, life) in refused where followed.slot(index, life: life) != nil {
      run(index) { followed.change(index) { $0.resume(isRenewed: false) } }
    }
  }

  func settleFeeds() {
    while let first = reading.settling.first, first.due <= loop.now {
      reading.settling.removeFirst()
      guard followed.slot(first.index, life: first.life) != nil else { continue }
      run(first.index) { followed.change(first.index) { $0.settle(round: first.round) } }
    }
  }

  /// A part of the followed channels: all of them are compared once in every period.
  func checkHeads() {
    guard commands.ready != nil, followed.count > 0 else { return }
    let pulses = max(
      1, Int(settings.pace.check.nanoseconds / max(1, settings.pace.pulse.nanoseconds)))
    reading.checkCredit += followed.count
    let due = reading.checkCredit / pulses
    reading.checkCredit %= pulses
    checkHeads(of: followed.sweep(due))
  }

  private func checkHeads(of indices: [Int]) {
    for index in indices {
      guard let slot = followed[index], let feed = slot.feed, feed.isLive, let fed = feed.fed
      else { continue }
      check(index, slot, fed)
    }
  }

  private func check(_ index: Int, _ slot: FollowedChannels.Slot, _ fed: Position) {
    reading.questions.append((slot.channel, .check(index, life: slot.life, before: fed)))
  }
}
