import FanfareActors
import FanfareRuntime

extension JobStoreScenario {
  /// What is asked for, and the order in which it is handed out.
  static let requests: [Self] = [
    Self("a key makes no second job until its job is over") { store in
      let keyed = await store.draft { $0.key = "k" }
      let jobs = try await store.add([keyed, store.draft(), keyed])
      try store.expect(jobs.map(\.isNew), is: [true, true, false])
      try store.expect(jobs[0].id, is: jobs[2].id)
      var other = keyed
      other.queue = .plain
      try store.expect(try await store.add([other])[0].isNew)
      let lease = try await store.takeOne()
      let again = try await store.add([keyed])[0]
      try store.expect(again, is: EnqueuedJob(id: jobs[0].id, state: .running, isNew: false))
      try await store.crash()
      try store.expect(try await store.add([keyed])[0].isNew, is: false)
      _ = try await store.succeed(lease.claim)
      try store.expect(try await store.add([keyed])[0].isNew)
    },
    Self("a key may be kept for a time, even when its job is over") { store in
      let keyed = await store.draft {
        $0.key = "k"
        $0.uniqueFor = .seconds(60)
      }
      let id = try await store.add([keyed])[0].id
      let lease = try await store.takeOne()
      _ = try await store.succeed(lease.claim)
      await store.pass(.seconds(50))
      let again = try await store.add([keyed])[0]
      try store.expect(again, is: EnqueuedJob(id: id, state: .succeeded, isNew: false))
      await store.pass(.seconds(11))
      try store.expect(try await store.add([keyed])[0].isNew)
    },
    Self("a key is kept by a job that takes longer than its time") { store in
      let keyed = await store.draft {
        $0.key = "k"
        $0.uniqueFor = .seconds(1)
      }
      _ = try await store.add([keyed])
      await store.pass(.seconds(5))
      try store.expect(try await store.add([keyed])[0].isNew, is: false)
    },
    Self("a repeated request makes nothing and is answered the same") { store in
      let key = JobRequestKey(name: "r", fingerprint: 1)
      let drafts = await [store.draft(), store.draft()]
      let made = try await store.add(drafts, key: key)
      try await store.crash()
      let again = try await store.add(drafts, key: key)
      try store.expect(again.map(\.id), is: made.map(\.id))
      let other = JobRequestKey(name: "r", fingerprint: 2)
      try await store.expect(.enqueue(drafts, other), refused: .keyMismatch)
      try await store.expect(.startWorkflow(drafts, other), refused: .keyMismatch)
      try store.expect(try await store.list().count, is: 2)
      await store.pass(.seconds(24 * 3_600 + 60))
      let later = try await store.add(drafts, key: other)
      try store.expect(later.allSatisfy(\.isNew))
    },
    Self("a repeated request makes no second workflow") { store in
      let key = JobRequestKey(name: "r", fingerprint: 1)
      let drafts = await [store.draft(), store.draft()]
      let made = try await store.start(drafts, key: key)
      let again = try await store.start(drafts, key: key)
      try store.expect(again.id, is: made.id)
      try store.expect(again.jobs, is: made.jobs)
      try store.expect(try await store.list().count, is: 2)
    },
    Self("all jobs of a request are made, or none") { store in
      let missing = QueueName(checked: "missing")
      let drafts = await [store.draft(), store.draft(missing)]
      try await store.expect(.enqueue(drafts, nil), refused: .noSuchQueue(missing))
      try await store.expect(.startWorkflow(drafts, nil), refused: .noSuchQueue(missing))
      let key = JobRequestKey(name: "r", fingerprint: 1)
      try await store.expect(.enqueue(drafts, key), refused: .noSuchQueue(missing))
      try store.expect(try await store.list().isEmpty)
      try store.expect(try await store.outbox().isEmpty)
      try store.expect(try await store.queue(.prompt).counts.values.allSatisfy { $0 == 0 })
      // Nothing was made, so the key is free.
      try store.expect(try await store.add([store.draft()], key: key)[0].isNew)
      try await store.expect(
        .lease(missing, .one, tasks: nil, max: 1), refused: .noSuchQueue(missing))
      try await store.expect(.pause(missing), refused: .noSuchQueue(missing))
    },
    Self("a job waits for its time") { store in
      let now = await store.moment.wall
      let after = try await store.add { $0.start = .after(.seconds(60)) }
      let at = try await store.add { $0.start = .at(now + 120_000) }
      let past = try await store.add { $0.start = .at(now - 1_000) }
      try store.expect(try await store.job(after).state, is: .scheduled)
      try store.expect(try await store.job(at).nextAt, is: now + 120_000)
      let first = try await store.takeOne()
      try store.expect(first.job.id, is: past)
      _ = try await store.succeed(first.claim)
      _ = store.feed.take()
      await store.pass(.seconds(61))
      // Nobody asked: whoever waits is told.
      try store.expect(store.feed.all.flatMap(\.readyQueues).contains(.prompt))
      try store.expect(try await store.job(after).state, is: .queued)
      try store.expect(try await store.kinds(after), is: [.queued])
      let second = try await store.takeOne()
      try store.expect(second.job.id, is: after)
      _ = try await store.succeed(second.claim)
      try store.expect(store.feed.all.flatMap(\.transitions).contains { $0.cause == .due })
      try await store.crash()
      await store.pass(.seconds(61))
      try store.expect(try await store.take(1, by: .two).map(\.job.id), is: [at])
    },
    Self("a clock that is set forwards makes jobs due") { store in
      let id = try await store.add { $0.start = .after(.seconds(7_200)) }
      await store.setWall(ahead: .seconds(7_200))
      await store.pass(.seconds(2.5))
      try store.expect(try await store.job(id).state, is: .queued)
    },
    Self("the first made of the highest priority is handed out first") { store in
      let low = try await store.add { $0.priority = -5 }
      let first = try await store.add()
      let high = try await store.add(.prompt, .rest) { $0.priority = 7 }
      let second = try await store.add(.prompt, .rest)
      let third = try await store.add { $0.rateKey = .free }
      let leased = try await store.take(3)
      try store.expect(leased.map(\.job.id), is: [high, first, second])
      // What comes back keeps its place.
      _ = try await store.release(leased[1].claim)
      _ = try await store.fail(leased[0].claim)
      await store.pass(.milliseconds(50))
      try store.expect(try await store.take(9).map(\.job.id), is: [high, first, third, low])
    },
    Self("a worker gets the tasks that it can do") { store in
      _ = try await store.add()
      let rest = try await store.add(.prompt, .rest)
      let unknown = TaskName(checked: "unknown")
      try store.expect(try await store.take(9, tasks: [unknown]).isEmpty)
      try store.expect(try await store.take(9, tasks: []).isEmpty)
      let leased = try await store.take(9, tasks: [unknown, .rest])
      try store.expect(leased.map(\.job.id), is: [rest])
    },
    Self("a worker holds no more than it may") { store in
      for _ in 1...20 { _ = try await store.add() }
      try store.expect(try await store.take(0).isEmpty)
      try store.expect(try await store.take(5).count, is: 5)
      let more = try await store.take(9)
      try store.expect(more.count, is: 3)
      try store.expect(try await store.take(9).isEmpty)
      try store.expect(try await store.take(9, by: .two).count, is: 8)
      _ = try await store.succeed(more[0].claim)
      try store.expect(try await store.take(9).count, is: 1)
      try await store.crash()
      try store.expect(try await store.take(9).isEmpty)
      await store.pass(.seconds(31))
      try store.expect(try await store.take(9).count, is: 8)
    },
    Self("a queue runs no more than it may") { store in
      for _ in 1...5 { _ = try await store.add(.narrow) }
      let one = try await store.take(9, .narrow)
      try store.expect(one.count, is: 2)
      try store.expect(try await store.take(9, .narrow, by: .two).isEmpty)
      _ = store.feed.take()
      _ = try await store.succeed(one[0].claim)
      try store.expect(store.feed.take().flatMap(\.readyQueues).contains(.narrow))
      try store.expect(try await store.take(9, .narrow, by: .two).count, is: 1)
    },
    Self("a worker hears what is left, and why it got no more") { store in
      try await store.take(1, leaves: 0, .tasks)
      for _ in 1...12 { _ = try await store.add() }
      try await store.take(2, leaves: 10, nil)
      try await store.take(2, by: .two, tasks: [.rest], leaves: 10, .tasks)
      try await store.take(9, leaves: 4, .bound)
      try await store.take(1, leaves: 4, .bound)
      try await store.take(4, by: .two, leaves: 0, nil)
      _ = try await store.add(.prompt, .rest)
      try await store.take(9, by: .two, tasks: [.work], leaves: 1, .tasks)
      _ = try await store.done(.pause(.prompt))
      try await store.take(1, by: .two, leaves: 0, .tasks)
      for _ in 1...5 { _ = try await store.add(.narrow) }
      try await store.take(1, .narrow, leaves: 1, nil)
      try await store.take(9, .narrow, leaves: 0, .tasks)
      try await store.take(1, .narrow, by: .two, leaves: 0, .tasks)
      // What waits for its budget is there.
      for _ in 1...2 { _ = try await store.add(.plain) { ($0.rateKey, $0.cost) = (.other, 900) } }
      try await store.take(9, .plain, leaves: 1, .tasks)
      try await store.take(9, .plain, tasks: [.rest], leaves: 1, .tasks)
    },
    Self("a paused queue hands out nothing, until it is resumed") { store in
      let id = try await store.add()
      _ = try await store.done(.pause(.prompt))
      try store.expect(try await store.take().isEmpty)
      try store.expect(try await store.queue(.prompt).isPaused)
      try store.expect(try await store.look(id).waitingFor != nil)
      try await store.crash()
      try store.expect(try await store.take().isEmpty)
      _ = store.feed.take()
      _ = try await store.done(.resume(.prompt))
      try store.expect(store.feed.take().flatMap(\.readyQueues).contains(.prompt))
      try store.expect(try await store.take().map(\.job.id), is: [id])
    },
    Self("ids grow, whatever the clock does") { store in
      var last: Int64 = 0
      for shift in [0.0, 3_600, -7_200, -86_400, 200_000] {
        await store.setWall(ahead: .seconds(shift))
        for _ in 1...3 {
          let id = try await store.add().number
          try store.expect(id > last, "\(id) after \(last)")
          last = id
        }
        let workflow = try await store.start([store.draft()])
        try store.expect(workflow.id.number > last)
        last = workflow.jobs[0].number
        try store.expect(workflow.id.number < last)
        try await store.crash()
      }
    },
  ]
}
