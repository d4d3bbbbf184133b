import FanfareActors
import FanfareRuntime

extension JobStoreScenario {
  /// Leases: who may write, and what is lost when.
  static let leases: [Self] = [
    Self("an older token is refused, and counted") { store in
      let id = try await store.add()
      let first = try await store.takeOne()
      try store.expect(first.token.number, is: 1)
      try store.expect(try await store.release(first.claim), is: .queued)
      let second = try await store.takeOne(by: .two)
      try store.expect(second.job.id, is: id)
      try store.expect(second.token.number, is: 2)
      try await store.expect(
        .progress(first.claim, JobProgress(current: 1)), refused: .leaseLost)
      try await store.expect(.checkpoint(first.claim, [49]), refused: .leaseLost)
      try await store.expect(.log(first.claim, [49]), refused: .leaseLost)
      try await store.expect(
        .succeed(first.claim, result: nil, nil), refused: .leaseLost)
      try await store.expect(.fail(first.claim, JobFailure(error: "")), refused: .leaseLost)
      try store.expect(try await store.beat(first.claim).lost, is: [id])
      try store.expect(try await store.succeed(second.claim), is: .succeeded)
      try store.expect(store.feed.all.reduce(0) { $0 + $1.fencedWrites } >= 5)
    },
    Self("the same call again answers the same, another is refused") { store in
      _ = try await store.add()
      let lease = try await store.takeOne()
      for _ in 1...2 { try store.expect(try await store.succeed(lease.claim), is: .succeeded) }
      try await store.expect(.release(lease.claim), refused: .leaseLost)
      try await store.expect(.fail(lease.claim, JobFailure(error: "")), refused: .leaseLost)
      try await store.crash()
      try store.expect(try await store.succeed(lease.claim), is: .succeeded)
      try store.expect(try await store.kinds(lease.job.id), is: [.queued, .started, .succeeded])
    },
    Self("a failure told twice counts once") { store in
      _ = try await store.add()
      let lease = try await store.takeOne()
      for _ in 1...2 {
        let state = try await store.fail(lease.claim) { $0.retryAfter = .seconds(5) }
        try store.expect(state, is: .retrying)
      }
      try await store.expect(
        .succeed(lease.claim, result: nil, nil), refused: .leaseLost)
      try store.expect(try await store.job(lease.job.id).failures, is: 1)
    },
    Self("a release told twice counts once") { store in
      _ = try await store.add()
      let lease = try await store.takeOne()
      for _ in 1...2 { try store.expect(try await store.release(lease.claim), is: .queued) }
      try await store.expect(
        .succeed(lease.claim, result: nil, nil), refused: .leaseLost)
      let job = try await store.job(lease.job.id)
      try store.expect([job.releases, job.failures, job.crashes, job.attempt], is: [1, 0, 0, 0])
    },
    Self("a lease that was never confirmed is a release") { store in
      let id = try await store.add()
      _ = try await store.takeOne()
      await store.pass(.seconds(29))
      try store.expect(try await store.job(id).state, is: .running)
      await store.pass(.seconds(2))
      let job = try await store.job(id)
      try store.expect(job.state, is: .queued)
      try store.expect([job.releases, job.failures, job.crashes], is: [1, 0, 0])
      try store.expect(job.errors.isEmpty)
      try store.expect(try await store.kinds(id), is: [.queued, .started, .queued])
    },
    Self("a confirmed lease that is lost is a crash") { store in
      let id = try await store.add(.plain)
      let lease = try await store.takeOne(.plain)
      _ = try await store.beat(lease.claim)
      let before = store.feed.all.count
      await store.pass(.seconds(30.1))
      let job = try await store.job(id)
      try store.expect([job.releases, job.failures, job.crashes], is: [0, 0, 1])
      try store.expect(job.state == .retrying || job.state == .queued, "\(job.state)")
      try store.expect(job.errors.map(\.text), is: ["its worker was lost"])
      try store.expect(job.worker == nil)
      let kinds = try await store.kinds(id)
      try store.expect(Array(kinds.prefix(4)), is: [.queued, .started, .failed, .retrying])
      let moves = store.feed.all.dropFirst(before).flatMap(\.transitions)
      try store.expect(moves.first?.cause, is: .crashed)
      try store.expect(moves.first?.worker, is: .one)
    },
    Self("the third crash is the end") { store in
      let id = try await store.add()
      for round in 1...3 {
        let lease = try await store.takeOne()
        _ = try await store.beat(lease.claim)
        await store.pass(.seconds(31))
        let job = try await store.job(id)
        try store.expect(job.crashes, is: round)
        try store.expect(job.state, is: round == 3 ? .dead(.crashes) : .queued)
      }
      try store.expect(try await store.page(id).isOver)
      try store.expect(try await store.kinds(id).last, is: .dead)
    },
    Self("a late success that nobody overtook is accepted") { store in
      let id = try await store.add(.plain)
      let lease = try await store.takeOne(.plain)
      _ = try await store.beat(lease.claim)
      await store.pass(.seconds(30.1))
      try await store.expect(.release(lease.claim), refused: .leaseLost)
      try await store.expect(.fail(lease.claim, JobFailure(error: "")), refused: .leaseLost)
      try await store.expect(
        .progress(lease.claim, JobProgress(current: 1)), refused: .leaseLost)
      try store.expect(try await store.beat(lease.claim).lost, is: [id])
      try store.expect(try await store.succeed(lease.claim, "7"), is: .succeeded)
      let job = try await store.job(id)
      try store.expect(job.state, is: .succeeded)
      try store.expect(job.result, is: [55])
      try store.expect(job.crashes, is: 1)
      try store.expect(job.nextAt == nil)
      try store.expect(try await store.succeed(lease.claim, "7"), is: .succeeded)
      await store.pass(.seconds(5))
      try store.expect(try await store.take(1, .plain).isEmpty)
    },
    Self("a late success under a lease that was never confirmed is accepted") { store in
      let id = try await store.add()
      let lease = try await store.takeOne()
      await store.pass(.seconds(31))
      try store.expect(try await store.job(id).state, is: .queued)
      try store.expect(try await store.succeed(lease.claim), is: .succeeded)
      try store.expect(try await store.take().isEmpty)
    },
    Self("a late success that was overtaken is refused") { store in
      _ = try await store.add()
      let late = try await store.takeOne()
      await store.pass(.seconds(31))
      let next = try await store.takeOne(by: .two)
      try await store.expect(.succeed(late.claim, result: nil, nil), refused: .leaseLost)
      try store.expect(try await store.succeed(next.claim, "2"), is: .succeeded)
      try await store.expect(.succeed(late.claim, result: nil, nil), refused: .leaseLost)
      try store.expect(try await store.job(late.job.id).result, is: [50])
    },
    Self("a late success of a dead job is refused") { store in
      _ = try await store.add { $0.attempts = 1 }
      let lease = try await store.takeOne()
      for round in 1...3 {
        let lease = round == 1 ? lease : try await store.takeOne()
        _ = try await store.beat(lease.claim)
        await store.pass(.seconds(31))
        if round == 3 {
          try await store.expect(.succeed(lease.claim, result: nil, nil), refused: .leaseLost)
        }
      }
      try store.expect(try await store.job(lease.job.id).state, is: .dead(.crashes))
    },
    Self("everything said under a lease renews it") { store in
      let id = try await store.add()
      let lease = try await store.takeOne()
      await store.pass(.seconds(25))
      try store.expect(try await store.beat(lease.claim).lease, is: .seconds(30))
      await store.pass(.seconds(25))
      try store.expect(try await store.tell(lease.claim, 1).lease, is: .seconds(30))
      await store.pass(.seconds(25))
      try store.expect(try await store.keep(lease.claim, "1").lease, is: .seconds(30))
      await store.pass(.seconds(25))
      try store.expect(try await store.log(lease.claim, "x").lease, is: .seconds(30))
      await store.pass(.seconds(25))
      try store.expect(try await store.job(id).state, is: .running)
      try store.expect(try await store.succeed(lease.claim), is: .succeeded)
    },
    Self("whoever waits is told when there is room again") { store in
      func expectTold(_ queue: QueueName, _ end: () async throws -> Void) async throws {
        let before = store.feed.take().flatMap(\.readyQueues)
        try await end()
        let told = store.feed.take().flatMap(\.readyQueues)
        try store.expect(told.contains(queue), "\(told), before \(before)")
      }
      for _ in 1...14 { _ = try await store.add { $0.attempts = 1 } }
      var held = try await store.take(9).map(\.claim)
      try store.expect(held.count, is: 8)
      for end in 0...2 {
        try store.expect(try await store.take().isEmpty)
        let claim = held.removeFirst()
        if end == 2 { _ = try await store.cancel(claim.job) }
        try await expectTold(.prompt) {
          if end == 1 {
            _ = try await store.fail(claim)
          } else {
            _ = try await store.succeed(claim)
          }
        }
        held += try await store.take().map(\.claim)
        try store.expect(held.count, is: 8)
      }
      for claim in held { _ = try await store.beat(claim) }
      try await expectTold(.prompt) { await store.pass(.seconds(31)) }
      for _ in 1...3 { _ = try await store.add(.narrow) }
      let two = try await store.take(2, .narrow)
      try store.expect(try await store.take(1, .narrow, by: .two).isEmpty)
      try await expectTold(.narrow) { _ = try await store.succeed(two[0].claim) }
      try store.expect(try await store.take(1, .narrow, by: .two).count, is: 1)
    },
    Self("a job that is not there has no lease") { store in
      let id = try await store.add()
      guard let unknown = JobID(id.number + 1), let token = LeaseToken(1) else { return }
      let claim = LeaseClaim(job: unknown, token: token)
      try await store.expect(.succeed(claim, result: nil, nil), refused: .noSuchJob)
      try await store.expect(.fail(claim, JobFailure(error: "")), refused: .noSuchJob)
      try await store.expect(.release(claim), refused: .noSuchJob)
      try await store.expect(.progress(claim, JobProgress(current: 1)), refused: .noSuchJob)
      try store.expect(try await store.beat(claim).lost, is: [unknown])
      // Never leased: no token is its own.
      let early = LeaseClaim(job: id, token: token)
      try await store.expect(.succeed(early, result: nil, nil), refused: .leaseLost)
      for command in [JobCommand.job(unknown), .cancel(unknown), .readLog(unknown)] {
        try await store.expect(command, refused: .noSuchJob)
      }
      try await store.expect(.retry(unknown, arguments: nil), refused: .noSuchJob)
      try await store.expect(.events(unknown, after: 0, max: 1), refused: .noSuchJob)
    },
    Self("an attempt that takes too long fails") { store in
      let id = try await store.add(.plain) { $0.timeout = .seconds(40) }
      let lease = try await store.takeOne(.plain)
      await store.pass(.seconds(20))
      _ = try await store.beat(lease.claim)
      await store.pass(.seconds(20.1))
      let job = try await store.job(id)
      try store.expect([job.releases, job.failures, job.crashes], is: [0, 1, 0])
      try store.expect(job.errors.last?.text.hasPrefix("timed out after") == true)
      try store.expect(store.feed.all.flatMap(\.transitions).contains { $0.cause == .timedOut })
      try await store.expect(.fail(lease.claim, JobFailure(error: "")), refused: .leaseLost)
      try store.expect(try await store.succeed(lease.claim), is: .succeeded)
    },
  ]
}
