import DequeModule
import FanfareActors
import FanfareRuntime

extension RedisCore {
  func state(of channel: ChannelName, _ ticket: RedisTicket) {
    guard commands.ready != nil else { return answer(ticket, .failed(.unavailable)) }
    reading.questions.append((channel, .loop(ticket)))
  }

  func read(
    _ channel: ChannelName, from offset: UInt64, eventsMax: Int, bytesMax: Int,
    _ ticket: RedisTicket
  ) {
    guard commands.ready != nil, reading.jobs.count < RedisReading.waitingMax else {
      return answer(ticket, .failed(.unavailable))
    }
    let bytes = min(bytesMax, RedisReading.pageBytesMax)
    reading.jobs.append((channel, offset, .loop(ticket, eventsMax: eventsMax, bytesMax: bytes)))
    readOn()
  }

  func backfill(
    _ index: Int, _ slot: FollowedChannels.Slot, from offset: UInt64, round: UInt64
  ) {
    // A feed asks again when Redis answers again.
    guard commands.ready != nil else { return }
    reading.jobs.append((slot.channel, offset, .backfill(index, life: slot.life, round: round)))
    readOn()
  }

  /// Sends what waits, as far as pages may be in flight.
  private func readOn() {
    while reading.pages < RedisReading.pagesMax, let (link, generation) = commands.ready,
      let (channel, from, job) = reading.jobs.popFirst()
    {
      var eventsMax = RedisReading.backfillEventsMax
      var bytesMax = RedisReading.backfillBytesMax
      switch job {
      case .backfill(let index, let life, _):
        guard followed.slot(index, life: life) != nil else { continue }
      case .loop(_, let events, let bytes):
        eventsMax = events
        bytesMax = bytes
      }
      reading.pages += 1
      let command = functions.read(
        channel, from: from, eventsMax: eventsMax, bytesMax: bytesMax, in: generation)
      link.send(command) { [weak self] result in
        guard let self else { return }
        reading.pages -= 1
        answered(result, channel, job, in: generation)
        readOn()
      }
    }
  }

  private func answered(
    _ result: Result<RedisValue, RedisLost>, _ channel: ChannelName, _ job: RedisReading.Job,
    in generation: Generation
  ) {
    guard case .success(let reply) = result else { return refuse(job) }
    do throws(FunctionError) {
      let page = try RedisFunctions.page(reply, of: channel, now: loop.now)
      switch job {
      case .loop(let ticket, _, _):
        compareLife(of: channel, page.state)
        answer(ticket, .page(page))
      case .backfill(let index, let life, let round):
        guard let slot = followed.slot(index, life: life) else { return }
        let fed = slot.feed?.fed?.offset ?? 0
        let count = page.events.count { $0.position.offset > fed }
        if count > 0, channel != probing.channel {
          observer.observed(.backfilled(channel, events: count))
        }
        run(index) { followed.change(index) { $0.answered(page, round: round) } }
      }
    } catch {
      if case .backfill(let index, let life, _) = job { reading.refused.append((index, life)) }
      heed(error, sentIn: generation)
      refuse(job)
    }
  }

  private func refuse(_ job: RedisReading.Job) {
    if case .loop(let ticket, _, _) = job { answer(ticket, .failed(.unavailable)) }
  }

  /// What waits to be read will not be.
  func failReads() {
    let jobs = reading.jobs
    reading.jobs = []
    for (_, _, job) in jobs { refuse(job) }
  }
}
