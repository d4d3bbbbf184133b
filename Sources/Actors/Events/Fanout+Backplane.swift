import FanfareRuntime

/// What a backplane's troubles mean for the followers of one loop.
extension Fanout {
  // MARK: A log that began anew

  /// The log of `channel` is another one from now on. Whoever follows it is told `reset` when it is
  /// fed next; whoever was judged and not told yet is judged again.
  func restarted(_ channel: ChannelName, _ log: LogState) {
    guard let shard = shards[channel], !shard.isJoining else { return }
    shard.restart(log)
    for place in shard.waiters {
      place.hasRestarted = true
      place.waiter.signal()
    }
    for follower in shard.followers {
      switch follower.state {
      case .joining: break
      case .judged where follower.joining != nil: settle(follower, shard.known)
      case .judged, .ready, .fetching:
        follower.state = .judged
        follower.next = log.oldest
        follower.hasCaughtUp = log.oldest > log.head
        follower.owesCursor = false
        follower.subscriber.owesVerdicts = true
        enqueue(follower.subscriber)
      }
    }
    // What was said of the log before may have been of the old one.
    if !shard.inspecting.isEmpty {
      send(.inspect(shard.channel, loop: loop.index), to: shard.home)
    }
  }

  // MARK: Health

  /// What the backplane says of itself, behind all that it has brought to the loop `home`.
  func noteHealth(_ said: BackplaneHealth, home: Int) {
    homes[home] = said
    let before = health
    health = homes.contains(.unproven) ? .unproven : .proven
    guard health != before else { return }
    if health == .proven {
      retries.openAll()
      for follower in holds.followers
      where follower.state == .joining && !follower.shard.isJoining {
        judge(follower)
      }
    }
    for shard in shards.values {
      for follower in shard.followers where follower.joining == nil {
        enqueue(follower.subscriber)
      }
    }
  }
}
