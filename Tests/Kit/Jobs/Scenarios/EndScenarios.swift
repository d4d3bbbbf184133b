import FanfareActors
import FanfareRuntime

extension JobStoreScenario {
  /// How attempts end, and what follows.
  static let ends: [Self] = [
    Self("a success keeps its result and its usage") { store in
      let id = try await store.add()
      let lease = try await store.takeOne()
      try store.expect(lease.job.state, is: .running)
      try store.expect(lease.job.worker, is: .one)
      try store.expect(lease.job.attempt, is: 1)
      try store.expect(
        try await store.succeed(lease.claim, "[1]", usage: .tokens(5)), is: .succeeded)
      let job = try await store.job(id)
      try store.expect(job.result, is: Array("[1]".utf8))
      try store.expect(job.usage, is: .tokens(5))
      try store.expect(job.finished != nil && job.worker == nil && job.started != nil)
      let page = try await store.page(id)
      try store.expect(page.events.map(\.kind), is: [.queued, .started, .succeeded])
      try store.expect(page.isOver)
    },
    Self("a failure is kept and tried again within its time") { store in
      for failures in 1...4 {
        let id = try await store.add(.plain) { $0.attempts = 50 }
        for round in 1...failures {
          let lease = try await store.takeOne(.plain)
          let now = await store.moment.wall
          try store.expect(try await store.fail(lease.claim, "no \(round)"), is: .retrying)
          let job = try await store.job(id)
          try store.expect(job.failures, is: round)
          try store.expect(job.errors.last?.text, is: "no \(round)")
          try store.expect(job.errors.last?.attempt, is: round)
          let wait = (job.nextAt ?? now) - now
          try store.expect((0...(1_000 << (round - 1)) + 20).contains(wait), "\(wait) ms")
          await store.pass(.milliseconds(wait + 50))
          try store.expect(try await store.job(id).state, is: .queued)
          try store.expect(try await store.job(id).nextAt == nil)
        }
        let lease = try await store.takeOne(.plain)
        _ = try await store.succeed(lease.claim)
        let kinds = try await store.kinds(id)
        let each: [JobEventKind] = [.started, .failed, .retrying, .queued]
        let all = [.queued] + (1...failures).flatMap { _ in each } + [.started, .succeeded]
        try store.expect(kinds, is: all)
      }
    },
    Self("a job is dead after its attempts") { store in
      let usual = try await store.add()
      for round in 1...5 {
        let lease = try await store.takeOne()
        let state = try await store.fail(lease.claim)
        try store.expect(state, is: round == 5 ? .dead(.attempts) : .retrying)
        await store.pass(.milliseconds(50))
      }
      let own = try await store.add { $0.attempts = 1 }
      let lease = try await store.takeOne()
      try store.expect(try await store.fail(lease.claim), is: .dead(.attempts))
      for id in [usual, own] {
        let kinds = try await store.kinds(id)
        try store.expect(Array(kinds.suffix(2)), is: [.failed, .dead])
        try store.expect(try await store.job(id).finished != nil)
      }
    },
    Self("a failure that no other attempt would mend is the end") { store in
      _ = try await store.add()
      let lease = try await store.takeOne()
      let state = try await store.fail(lease.claim) { $0.mayRetry = false }
      try store.expect(state, is: .dead(.failed))
    },
    Self("ten errors are kept, 4 KiB of each") { store in
      let id = try await store.add { $0.attempts = 50 }
      for round in 1...13 {
        let lease = try await store.takeOne()
        let text = "\(round) " + String(repeating: "ü€😀", count: 700)
        _ = try await store.fail(lease.claim, text)
        await store.pass(.milliseconds(50))
      }
      let errors = try await store.job(id).errors
      try store.expect(errors.map(\.attempt), is: Array(4...13))
      for error in errors {
        let whole = "\(error.attempt) " + String(repeating: "ü€😀", count: 700)
        try store.expect(whole.hasPrefix(error.text))
        try store.expect((4_090...4_096).contains(error.text.utf8.count))
      }
    },
    Self("a wait that a failure asks for is kept to") { store in
      let id = try await store.add()
      let lease = try await store.takeOne()
      _ = try await store.fail(lease.claim) { $0.retryAfter = .seconds(90) }
      await store.pass(.seconds(89))
      try store.expect(try await store.job(id).state, is: .retrying)
      await store.pass(.seconds(2))
      try store.expect(try await store.job(id).state, is: .queued)
    },
    Self("a provider's refusal counts no attempt and holds up its key") { store in
      let refused = try await store.add { $0.rateKey = .free }
      let same = try await store.add { $0.rateKey = .free }
      let other = try await store.add { $0.rateKey = .budgeted }
      let lease = try await store.takeOne()
      try store.expect(lease.job.id, is: refused)
      let state = try await store.fail(lease.claim) {
        $0.isRateLimited = true
        $0.retryAfter = .seconds(20)
      }
      try store.expect(state, is: .retrying)
      let job = try await store.job(refused)
      try store.expect([job.releases, job.failures, job.crashes, job.attempt], is: [1, 0, 0, 0])
      try store.expect(store.feed.all.flatMap(\.transitions).contains { $0.cause == .rateLimited })
      try store.expect(try await store.take(5).map(\.job.id), is: [other])
      try await store.crash()
      await store.pass(.seconds(19))
      try store.expect(try await store.take(5).isEmpty)
      await store.pass(.seconds(1.5))
      try store.expect(try await store.take(5).map(\.job.id), is: [refused, same])
    },
    Self("a provider's refusal without a time waits a second") { store in
      let id = try await store.add { $0.rateKey = .free }
      let lease = try await store.takeOne()
      _ = try await store.fail(lease.claim) { $0.isRateLimited = true }
      await store.pass(.milliseconds(900))
      try store.expect(try await store.take().isEmpty)
      await store.pass(.milliseconds(200))
      try store.expect(try await store.takeOne().job.id, is: id)
    },
    Self("a release counts no attempt and keeps the job's place") { store in
      let first = try await store.add()
      _ = try await store.add()
      let lease = try await store.takeOne()
      try store.expect(try await store.release(lease.claim), is: .queued)
      let again = try await store.takeOne()
      try store.expect(again.job.id, is: first)
      try store.expect(again.job.attempt, is: 1)
      try store.expect(again.token.number, is: 2)
    },
    Self("what waits is cancelled at once") { store in
      let queued = try await store.add()
      let scheduled = try await store.add { $0.start = .after(.seconds(60)) }
      let retrying = try await store.add(.plain)
      let lease = try await store.takeOne(.plain)
      _ = try await store.fail(lease.claim) { $0.retryAfter = .seconds(60) }
      for id in [queued, scheduled, retrying] {
        try store.expect(try await store.cancel(id), is: .cancelled)
        try store.expect(try await store.kinds(id).last, is: .cancelled)
        try await store.expect(.cancel(id), refused: .over(.cancelled))
      }
      await store.pass(.seconds(70))
      try store.expect(try await store.take().isEmpty)
    },
    Self("what runs is asked to stop, and is cancelled whatever its worker says") { store in
      for end in 0...3 {
        let id = try await store.add()
        let lease = try await store.takeOne()
        for _ in 1...2 { try store.expect(try await store.cancel(id), is: .running) }
        try store.expect(try await store.beat(lease.claim).cancel, is: [id])
        try store.expect(try await store.tell(lease.claim, 1).isCancelled)
        try store.expect(try await store.keep(lease.claim, "1").isCancelled)
        try store.expect(try await store.look(id).waitingFor != nil)
        if end == 0 { try await store.crash() }
        switch end {
        case 0:
          try store.expect(
            try await store.succeed(lease.claim, usage: .tokens(3)), is: .cancelled)
        case 1: try store.expect(try await store.fail(lease.claim), is: .cancelled)
        case 2: try store.expect(try await store.release(lease.claim), is: .cancelled)
        default: await store.pass(.seconds(31))
        }
        let job = try await store.job(id)
        try store.expect(job.state, is: .cancelled)
        try store.expect(job.result == nil)
        try store.expect([job.failures, job.crashes], is: [0, 0])
        if end == 0 { try store.expect(job.usage?.tokens, is: 3) }
        try store.expect(try await store.kinds(id).last, is: .cancelled)
      }
    },
    Self("a dead or cancelled job can be done once more") { store in
      let id = try await store.add { $0.attempts = 1 }
      try await store.expect(.retry(id, arguments: nil), refused: .notOver(.queued))
      let lease = try await store.takeOne()
      try await store.expect(.retry(id, arguments: nil), refused: .notOver(.running))
      _ = try await store.fail(lease.claim)
      try store.expect(try await store.retry(id, arguments: Array("[2]".utf8)), is: .queued)
      var job = try await store.job(id)
      try store.expect([job.failures, job.crashes], is: [0, 0])
      try store.expect(job.finished == nil && job.result == nil)
      try store.expect(job.arguments, is: Array("[2]".utf8))
      try store.expect(try await store.cancel(id), is: .cancelled)
      try store.expect(try await store.retry(id), is: .queued)
      let last = try await store.takeOne()
      try store.expect(last.job.arguments, is: Array("[2]".utf8))
      try store.expect(last.token.number, is: 2)
      try store.expect(try await store.succeed(last.claim), is: .succeeded)
      try await store.expect(.retry(id, arguments: nil), refused: .notOver(.succeeded))
      job = try await store.job(id)
      try store.expect(job.errors.count, is: 1)
      let kinds = try await store.kinds(id)
      try store.expect(
        kinds,
        is: [
          .queued, .started, .failed, .dead, .queued, .cancelled, .queued, .started, .succeeded,
        ])
    },
  ]
}
