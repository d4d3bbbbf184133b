import FanfareActors
import FanfareRuntime

extension RedisCore {
  /// Sends a publish at once: nothing is kept for later while Redis is away.
  func publish(
    _ drafts: [Draft], to channel: ChannelName, _ key: PublishKey?, _ ticket: RedisTicket
  ) {
    guard let (link, generation) = commands.ready else {
      return answer(ticket, .failed(.unavailable))
    }
    let bytes = drafts.reduce(0) { $0 + $1.data.count + Event.overheadBytes }
    // One always goes, however large it is.
    guard
      publishes == 0
        || publishes < limits.backplanePublishesMax
          && publishBytes + bytes <= limits.backplanePublishBytesMax
    else { return answer(ticket, .failed(.paced)) }
    publishes += 1
    publishBytes += bytes
    let count = drafts.count
    let command = functions.publish(drafts, to: channel, key: key, in: generation)
    link.send(command) { [weak self] result in
      guard let self else { return }
      publishes -= 1
      publishBytes -= bytes
      answer(ticket, published(result, count: count, channel, in: generation))
    }
  }

  private func published(
    _ result: Result<RedisValue, RedisLost>, count: Int, _ channel: ChannelName,
    in generation: Generation
  ) -> RedisAnswer {
    guard case .success(let reply) = result else { return .failed(.outcomeUnknown) }
    do throws(FunctionError) {
      return .positions(
        try RedisFunctions.published(reply, count: count, in: channel).positions)
    } catch {
      heed(error, sentIn: generation)
      switch error {
      case .mismatch: return .failed(.keyMismatch)
      case .malformed: return .failed(.outcomeUnknown)
      case .generation, .missing: return .failed(.unavailable)
      case .invalid(let text), .denied(let text), .unwritable(let text), .refused(let text):
        observer.observed(.refused(text))
        return .failed(.unavailable)
      }
    }
  }
}
