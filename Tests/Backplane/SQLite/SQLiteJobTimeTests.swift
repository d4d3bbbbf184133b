import FanfareActors
import FanfareRuntime
import Testing

@testable import FanfareBackplane
@testable import FanfareTestKit

/// What time does to a file: what is old goes, and a clock that jumps ends no lease.
@Suite struct SQLiteJobTimeTests {
  @Test func whatIsOldGoesInSlicesWithAllThatIsItsOwn() throws {
    let play = try SQLiteJobPlay()
    let place = play.place
    play.run { store in
      let draft = await store.draft { $0.attempts = 1 }
      for _ in 0..<12 { _ = try await store.add(Array(repeating: draft, count: 100)) }
      for _ in 0..<150 {
        for lease in try await store.take(8) {
          _ = try await store.log(lease.claim, "words")
          _ = await store.ask(.fail(lease.claim, JobFailure(error: "no")))
        }
      }
      try store.expect(try await store.queue(.prompt).counts, is: ["dead": 1_200])
      let kept = try await store.add()
      _ = store.feed.take()
      await store.pass(.seconds(3_700))
      let removed = store.feed.take().map { news in
        news.transitions.filter { $0.cause == .deleted }.count
      }
      try store.expect(removed.reduce(0, +), is: 1_200)
      try store.expect(removed.max() ?? 0 <= 500)
      try store.expect(try await store.list().map(\.id), is: [kept])
      try place.audit(in: store.simulation)
      try place.core(in: store.simulation) { core in
        let file = try core.file
        try file.transaction {
          for table in ["job", "event", "error", "log"] {
            let count = try file.one("SELECT count(*) FROM \(table)") { $0.number() }
            try store.expect(count, is: table == "job" || table == "event" ? 1 : 0)
          }
        }
      }
    }
  }

  @Test func whatIsDueAtOnceComesInSlices() throws {
    let play = try SQLiteJobPlay()
    play.run { store in
      let draft = await store.draft { $0.start = .after(.seconds(60)) }
      for _ in 0..<16 { _ = try await store.add(Array(repeating: draft, count: 100)) }
      _ = store.feed.take()
      // The store looks at the clock on the wall once a second, and when it is asked.
      await store.setWall(ahead: .seconds(61))
      await store.askAtOnce(Array(repeating: .queues, count: 64)) { _ in }
      await store.pass(.seconds(2))
      let moved = store.feed.take().map { news in
        news.transitions.count { $0.cause == .due }
      }
      try store.expect(moved.reduce(0, +), is: 1_600)
      try store.expect(moved.max() ?? 0 <= JobCore.dueMax, "\(moved)")
    }
  }

  /// However late the store comes to it.
  @Test(arguments: 1...8 as ClosedRange<UInt64>)
  func aHeartbeatInTimeKeepsItsLease(seed: UInt64) throws {
    let play = try SQLiteJobPlay(seed: seed)
    let place = play.place
    play.run { store in
      var asked = 0
      for _ in 0..<20 {
        let id = try await store.add()
        let claim = try await store.takeOne().claim
        let lease = try place.core(in: store.simulation) { $0.books.leases[id] }
        guard let deadline = lease?.deadline else { return }
        await store.pass(deadline - (await store.moment.now) - .milliseconds(3))
        // Timers are coarse; every question takes a little time.
        while await store.moment.now + .microseconds(60) < deadline {
          _ = await store.ask(.queues)
        }
        if await store.moment.now < deadline {
          asked += 1
          try store.expect(try await store.beat(claim).lost, is: [])
        }
        _ = await store.ask(.succeed(claim, result: nil, nil))
      }
      try store.expect(asked > 4, "\(asked)")
    }
  }

  @Test func aClockThatJumpsIsFollowedByTimesButNotByLeases() throws {
    let play = try SQLiteJobPlay()
    play.run { store in
      let later = try await store.add { $0.start = .after(.seconds(3_000)) }
      let first = try await store.add()
      let lease = try await store.takeOne()
      await store.setWall(ahead: .seconds(3_000))
      await store.pass(.seconds(2))
      try store.expect(try await store.job(later).state, is: .queued)
      try store.expect(try await store.job(first).state, is: .running)
      await store.setWall(ahead: .seconds(-6_000))
      let second = try await store.add()
      try store.expect(second > later && second > first)
      await store.pass(.seconds(20))
      try store.expect(try await store.job(first).state, is: .running)
      try store.expect(try await store.succeed(lease.claim), is: .succeeded)
    }
  }
}
