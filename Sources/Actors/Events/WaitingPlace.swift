/// Where a poll waits in one shard. Loop-confined.
final class WaitingPlace {
  let waiter: PollWaiter
  let shard: Shard
  /// Its index in the shard's list.
  var slot = 0
  /// Whether the log began anew since.
  var hasRestarted = false

  init(_ waiter: PollWaiter, in shard: Shard) {
    self.waiter = waiter
    self.shard = shard
    shard.add(self)
  }
}

/// The places of one poll, in every channel that it asks about. Loop-confined.
final class WaitingPlaces {
  let waiter: PollWaiter
  private let places: [WaitingPlace]

  init(_ poll: Poll, _ fanout: Fanout) {
    let waiter = PollWaiter(on: fanout.loop)
    self.waiter = waiter
    places = poll.follows.map { follow in
      WaitingPlace(waiter, in: fanout.shard(for: follow.channel))
    }
  }

  func leave(_ fanout: Fanout) {
    for place in places {
      place.shard.remove(place)
      fanout.noteInterest(in: place.shard)
    }
  }

  var isJoining: Bool { places.contains { $0.shard.isJoining } }

  /// Whether any channel has an event that `asked` has not seen, or a log that began anew.
  func hasNews(since asked: PollState) -> Bool {
    zip(places, asked.places).contains { place, found in
      guard let found else { return true }
      guard !place.shard.isJoining else { return false }
      // The log may have told of another life before the feed does.
      guard place.shard.epoch == found.epoch else { return place.hasRestarted }
      return place.shard.head >= found.next
    }
  }
}
