import FanfareActors
import FanfareRuntime

extension JobStoreSide {
  /// Makes dead jobs.
  func kill(_ count: Int, _ task: TaskName = .work, error: String = "no") async throws -> [JobID] {
    var ids: [JobID] = []
    for _ in 0..<count {
      ids.append(try await add(.prompt, task) { $0.attempts = 1 })
      _ = try await fail(try await takeOne().claim, error)
    }
    return ids
  }

  func states(_ ids: [JobID]) async throws -> [String] {
    var states: [String] = []
    for id in ids { states.append(try await job(id).state.word) }
    return states
  }
}

extension JobStoreScenario {
  /// What operators do, and what happens by itself over the days.
  static let operations: [Self] = [
    Self("dead jobs are retried all at once") { store in
      let ids = try await store.kill(5)
      try store.expect(
        try await store.count(.redrive(.prompt, JobFilter(), perSecond: nil)), is: 5)
      await store.pass(.milliseconds(50))
      try store.expect(try await store.states(ids).allSatisfy { $0 == "queued" })
      try store.expect(try await store.queue(.prompt).redriving, is: 0)
    },
    Self("dead jobs are retried at a pace, which can be ended") { store in
      let ids = try await store.kill(20)
      let all = JobCommand.redrive(.prompt, JobFilter(), perSecond: 2)
      try store.expect(try await store.count(all), is: 20)
      await store.pass(.seconds(4.2))
      let queued = try await store.states(ids).count { $0 == "queued" }
      try store.expect((8...10).contains(queued), "\(queued) after 4.2 s at 2/s")
      try store.expect(try await store.queue(.prompt).redriving, is: 20 - queued)
      try await store.crash()
      await store.pass(.seconds(2))
      try store.expect(try await store.states(ids).count { $0 == "queued" } > queued)
      let left = try await store.count(.stopRedrive(.prompt))
      let dead = try await store.states(ids).count { $0 == "dead" }
      try store.expect(left, is: dead)
      await store.pass(.seconds(5))
      try store.expect(try await store.states(ids).count { $0 == "dead" }, is: dead)
      try store.expect(try await store.count(.stopRedrive(.prompt)), is: 0)
    },
    Self("dead jobs are chosen by task, error and id") { store in
      let one = try await store.kill(2, error: "quota of x")
      let two = try await store.kill(2, .rest, error: "other")
      var filter = JobFilter()
      filter.errorText = "quota"
      try store.expect(
        try await store.count(.redrive(.prompt, filter, perSecond: nil)), is: 2)
      try store.expect(try await store.states(one + two), is: ["queued", "queued", "dead", "dead"])
      filter = JobFilter()
      filter.task = .rest
      filter.ids = [two[1], one[0]]
      try store.expect(try await store.count(.purge(.prompt, filter)), is: 1)
      try await store.expect(.job(two[1]), refused: .noSuchJob)
      try await store.expect(.events(two[1], after: 0, max: 9), refused: .noSuchJob)
      try store.expect(try await store.job(two[0]).state, is: .dead(.attempts))
      try store.expect(try await store.count(.purge(.plain, JobFilter())), is: 0)
      try store.expect(try await store.count(.purge(.prompt, JobFilter())), is: 1)
      try store.expect(try await store.list().map(\.id), is: one.reversed())
      try store.expect(store.feed.all.flatMap(\.transitions).count { $0.cause == .deleted }, is: 2)
    },
    Self("what is over is kept for its time") { store in
      let dead = try await store.kill(1)[0]
      let kept = try await store.add(.plain)
      let id = try await store.add()
      let lease = try await store.takeOne()
      _ = try await store.succeed(lease.claim)
      let workflow = try await store.start([store.draft(.narrow)])
      _ = try await store.done(.cancelWorkflow(workflow.id))
      await store.pass(.seconds(3_590))
      for id in [dead, id, kept] + workflow.jobs { _ = try await store.job(id) }
      await store.pass(.seconds(30))
      for id in [dead, id] + workflow.jobs {
        try await store.expect(.job(id), refused: .noSuchJob)
        try await store.expect(.events(id, after: 0, max: 1), refused: .noSuchJob)
        try await store.expect(.readLog(id), refused: .noSuchJob)
      }
      try await store.expect(.workflow(workflow.id), refused: .noSuchWorkflow)
      try await store.expect(
        .succeed(lease.claim, result: nil, nil), refused: .noSuchJob)
      try store.expect(try await store.job(kept).state, is: .queued)
    },
    Self("the counts of a queue are those of its jobs") { store in
      _ = try await store.kill(2)
      _ = try await store.add { $0.start = .after(.seconds(60)) }
      let cancelled = try await store.add()
      _ = try await store.cancel(cancelled)
      _ = try await store.start([store.draft(), store.draft()])
      for _ in 1...3 { _ = try await store.add() }
      let leases = try await store.take(3)
      _ = try await store.succeed(leases[0].claim)
      _ = try await store.take(1, by: .two)
      _ = try await store.add(.plain)
      await store.pass(.seconds(2))
      for _ in 1...2 {
        let status = try await store.queue(.prompt)
        let wanted = [
          "scheduled": 1, "waiting": 0, "queued": 1, "running": 3, "succeeded": 1, "dead": 2,
          "cancelled": 1,
        ]
        for (word, count) in wanted.sorted(by: { $0.key < $1.key }) {
          try store.expect(
            status.counts[word] ?? 0, is: count)
        }
        try store.expect(status.workers.map(\.worker), is: [.one, .two])
        try store.expect(status.workers.map(\.leases), is: [2, 1])
        let oldest = status.oldest ?? .zero
        try store.expect(oldest > .seconds(1.9) && oldest < .seconds(2.2), "\(oldest)")
        try store.expect(status.settings.prefetch, is: 2)
        try await store.crash()
      }
    },
    Self("jobs are listed the newest first") { store in
      var ids: [JobID] = []
      for index in 0..<6 { ids.append(try await store.add(.prompt, index < 3 ? .work : .rest)) }
      ids.append(try await store.add(.plain))
      try store.expect(try await store.list().map(\.id), is: ids.reversed())
      let page = try await store.list(before: ids[4], max: 2).map(\.id)
      try store.expect(page, is: [ids[3], ids[2]])
      let rest = try await store.list {
        $0.queue = .prompt
        $0.task = .rest
      }
      try store.expect(rest.map(\.id), is: [ids[5], ids[4], ids[3]])
      _ = try await store.cancel(ids[1])
      let cancelled = try await store.list { $0.state = "cancelled" }
      try store.expect(cancelled.map(\.id), is: [ids[1]])
      let workflow = try await store.start([store.draft(), store.draft()])
      let steps = try await store.list { $0.workflow = workflow.id }
      try store.expect(steps.map(\.id), is: workflow.jobs.reversed())
    },
    Self("every job says in a sentence what it waits for") { store in
      func expectWords(_ id: JobID, _ words: String, line: Int = #line) async throws {
        let sentence = try await store.look(id).waitingFor ?? "nothing"
        try store.expect(sentence.contains(words), "\(sentence), not \(words)", line: line)
      }
      let scheduled = try await store.add { $0.start = .after(.seconds(60)) }
      try await expectWords(scheduled, "its time: 2023-11-")
      let workflow = try await store.start([store.draft(.plain), store.draft(.plain)])
      try await expectWords(workflow.jobs[1], "step 1 of its workflow")
      let first = try await store.add()
      try await expectWords(first, "a worker")
      let second = try await store.add()
      try await expectWords(second, "1 job")
      let failed = try await store.takeOne()
      try store.expect(try await store.look(failed.job.id).waitingFor == nil)
      _ = try await store.fail(failed.claim) { $0.retryAfter = .seconds(60) }
      try await expectWords(first, "the next attempt at 2023-11-")
      try await expectWords(first, "1 of 5")
      _ = try await store.done(.pause(.prompt))
      try await expectWords(second, "resumed")
      _ = try await store.done(.resume(.prompt))
      let running = try await store.takeOne()
      _ = try await store.cancel(second)
      try await expectWords(second, "its worker to stop")
      _ = try await store.release(running.claim)
      try store.expect(try await store.look(second).waitingFor == nil)
      for _ in 1...2 { _ = try await store.add { ($0.rateKey, $0.cost) = (.other, 1_000) } }
      _ = try await store.takeOne()
      try await expectWords(try await store.list(max: 1)[0].id, "the budget of other: ")
      for _ in 1...3 { _ = try await store.add(.narrow) }
      _ = try await store.take(2, .narrow)
      try await expectWords(try await store.list(max: 1)[0].id, "max-running 2")
    },
  ]

  /// What the end of a process, and clocks, must not touch.
  static let survival: [Self] = [
    Self("a restart gives every lease one fresh period") { store in
      let id = try await store.add { $0.timeout = .seconds(40) }
      let lease = try await store.takeOne()
      await store.pass(.seconds(25))
      try await store.crash()
      await store.pass(.seconds(25))
      try store.expect(try await store.job(id).state, is: .running)
      try store.expect(try await store.beat(lease.claim).lost, is: [])
      await store.pass(.seconds(10))
      try store.expect(try await store.job(id).state, is: .running)
      await store.pass(.seconds(6))
      // 41 seconds after the restart the attempt has taken too long.
      try store.expect(try await store.job(id).failures, is: 1)
    },
    Self("a restart does not forget who was heard of") { store in
      let heard = try await store.add()
      let silent = try await store.add()
      let leases = try await store.take(2)
      _ = try await store.beat(leases[0].claim)
      try await store.crash()
      await store.pass(.seconds(31))
      try store.expect(try await store.job(heard).crashes, is: 1)
      try store.expect(try await store.job(silent).crashes, is: 0)
      try store.expect(try await store.job(silent).releases, is: 1)
    },
    Self("a restart does not forget who told progress that waits to be told") { store in
      let id = try await store.add()
      let first = try await store.takeOne()
      _ = try await store.tell(first.claim, 1)
      _ = try await store.release(first.claim)
      let lease = try await store.takeOne()
      _ = try await store.tell(lease.claim, 2)
      try store.expect(try await store.kinds(id).count { $0 == .progress }, is: 1)
      try await store.crash()
      await store.pass(.seconds(31))
      try store.expect(try await store.job(id).crashes, is: 1)
    },
    Self("a wall clock that jumps ends no lease") { store in
      let id = try await store.add { $0.timeout = .seconds(100) }
      let lease = try await store.takeOne()
      for shift in [86_400.0, -200_000, 300_000] {
        await store.setWall(ahead: .seconds(shift))
        await store.pass(.seconds(20))
        try store.expect(try await store.beat(lease.claim).lost, is: [])
      }
      try store.expect(try await store.job(id).state, is: .running)
      await store.setWall(ahead: .seconds(-300_000))
      await store.pass(.seconds(31))
      try store.expect(try await store.job(id).state, is: .queued)
    },
    Self("everything that was acknowledged is there after a crash") { store in
      var wanted: [JobID: JobState] = [:]
      var checkpoints: [JobID: [UInt8]] = [:]
      for round in 1...30 {
        let id = try await store.add { $0.timeout = .seconds(1_000) }
        wanted[id] = .queued
        guard let lease = try await store.take(1).first else { continue }
        wanted[lease.job.id] = .running
        if round % 5 > 0 { _ = try await store.keep(lease.claim, "\(round)") }
        if round % 5 > 0 { checkpoints[lease.job.id] = Array("\(round)".utf8) }
        switch round % 5 {
        case 1: wanted[lease.job.id] = try await store.succeed(lease.claim)
        case 2:
          wanted[lease.job.id] = try await store.fail(lease.claim) { $0.retryAfter = .seconds(999) }
        case 3:
          _ = try await store.cancel(lease.job.id)
          wanted[lease.job.id] = try await store.release(lease.claim)
        case 4: wanted[lease.job.id] = try await store.fail(lease.claim) { $0.mayRetry = false }
        default: break
        }
        if round % 3 == 0 { try await store.crash() }
      }
      try await store.crash()
      for (id, state) in wanted.sorted(by: { $0.key < $1.key }) {
        let job = try await store.job(id)
        try store.expect(job.state, is: state)
        try store.expect(job.checkpoint, is: checkpoints[id])
        let page = try await store.page(id)
        try store.expect(page.events.map(\.sequence), is: Array(1...page.last))
      }
      try store.expect(try await store.list().count, is: wanted.count)
    },
    Self("a store that was stopped refuses") { store in
      _ = try await store.add()
      await store.stop()
      let answer = await store.ask(.queues)
      guard case .failure(.unavailable(let words)) = answer else {
        throw JobStoreViolation(description: "\(answer)")
      }
      try store.expect(!words.isEmpty)
    },
  ]
}
