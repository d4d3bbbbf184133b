/// Where a poll waits: in the shard of every channel that it asks about. Loop-confined.
final class WaitingPlace {
  let waiter: PollWaiter
  private var shards: [Shard] = []

  init(_ poll: Poll, _ fanout: Fanout) {
    waiter = PollWaiter(on: fanout.loop)
    for follow in poll.follows {
      let shard = fanout.shard(for: follow.channel)
      shard.waiters.append(waiter)
      shards.append(shard)
    }
  }

  func leave(_ fanout: Fanout) {
    for shard in shards {
      shard.waiters.removeAll { $0 === waiter }
      fanout.noteInterest(in: shard)
    }
  }

  var isJoining: Bool { shards.contains(where: \.isJoining) }

  /// Whether any channel has an event that `asked` has not seen.
  func hasNews(since asked: PollState) -> Bool {
    zip(shards, asked.places).contains { shard, place in
      guard let place else { return true }
      return !shard.isJoining && shard.head >= place.next
    }
  }
}
