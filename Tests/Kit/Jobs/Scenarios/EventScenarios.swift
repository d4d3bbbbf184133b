import FanfareActors
import FanfareRuntime

extension JobStoreScenario {
  /// What is told of jobs.
  static let events: [Self] = [
    Self("events are numbered without holes, and published under their keys") { store in
      let channel = ChannelName("project:1")
      let id = try await store.add {
        $0.channel = channel
        $0.eventTypes = [.progress: EventType("agent_progress") ?? .agentProgress]
      }
      let silent = try await store.add { $0.priority = -1 }
      let lease = try await store.takeOne()
      _ = try await store.tell(lease.claim, 1)
      _ = try await store.keep(lease.claim, "{}")
      _ = try await store.fail(lease.claim)
      await store.pass(.milliseconds(50))
      try await store.crash()
      _ = try await store.succeed(try await store.takeOne().claim)
      let page = try await store.page(id)
      try store.expect(
        page.events.map(\.kind),
        is: [
          .queued, .started, .progress, .checkpoint, .failed, .retrying, .queued, .started,
          .succeeded,
        ])
      try store.expect(page.events.map(\.sequence), is: Array(1...9))
      try store.expect(page.last, is: 9)
      let outbox = try await store.outbox()
      try store.expect(outbox.map(\.key), is: (1...9).map { "job:\(id):\($0)" })
      try store.expect(outbox.allSatisfy { $0.channel == channel })
      try store.expect(outbox.map(\.data), is: page.events.map(\.data))
      try store.expect(outbox[2].type.text, is: "agent_progress")
      try store.expect(outbox[3].type.text, is: "job_checkpoint")
      try store.expect(try await store.page(silent).events.map(\.kind), is: [.queued])
      let told = store.feed.all.flatMap(\.events).filter { $0.job == id }
      try store.expect(told, is: page.events)
      try store.expect(store.feed.all.contains { $0.hasOutbox })
    },
    Self("events are read from anywhere") { store in
      let id = try await store.add()
      for _ in 1...4 { _ = try await store.release(try await store.takeOne().claim) }
      let page = try await store.page(id, after: 3, max: 2)
      try store.expect(page.events.map(\.sequence), is: [4, 5])
      try store.expect(page.last, is: 9)
      try store.expect(page.isOver, is: false)
      let end = try await store.page(id, after: 9)
      try store.expect(end.events.isEmpty)
    },
    Self("progress is told at most every 100 ms, the newest of it") { store in
      let id = try await store.add()
      let lease = try await store.takeOne()
      for step in 1...50 {
        _ = try await store.tell(lease.claim, Double(step))
        await store.pass(.milliseconds(16))
      }
      await store.pass(.milliseconds(200))
      let told = try await store.page(id).events.filter { $0.kind == .progress }
      try store.expect((6...18).contains(told.count), "\(told.count) events")
      let last = told.last.map { String(decoding: $0.data, as: UTF8.self) } ?? ""
      try store.expect(last.contains("\"current\":50"), last)
      for (one, next) in zip(told, told.dropFirst()) {
        try store.expect(next.time - one.time >= 95, "\(next.time - one.time) ms")
      }
      try store.expect(try await store.job(id).progress?.current, is: 50)
      try store.expect(store.feed.all.flatMap(\.events).filter { $0.job == id }.count > 6)
    },
    Self("the newest progress is told before the job's state changes") { store in
      for end in 0...2 {
        let id = try await store.add()
        let lease = try await store.takeOne()
        _ = try await store.tell(lease.claim, 1)
        _ = try await store.tell(lease.claim, 2)
        _ = try await store.tell(lease.claim, 3)
        switch end {
        case 0: _ = try await store.succeed(lease.claim)
        case 1: _ = try await store.fail(lease.claim) { $0.mayRetry = false }
        default:
          _ = try await store.release(lease.claim)
          _ = try await store.cancel(id)
        }
        let told = try await store.page(id).events.filter { $0.kind == .progress }
        try store.expect(told.count, is: 2)
        try store.expect(
          told.last.map { String(decoding: $0.data, as: UTF8.self).contains("3") } == true)
        try store.expect(try await store.kinds(id)[3], is: .progress)
        try store.expect(try await store.job(id).progress?.current, is: 3)
      }
    },
    Self("what was published is forgotten, nothing else") { store in
      _ = try await store.add { $0.channel = ChannelName("c") }
      for _ in 1...3 { _ = try await store.release(try await store.takeOne().claim) }
      let all = try await store.outbox()
      try store.expect(all.count, is: 7)
      try store.expect(zip(all, all.dropFirst()).allSatisfy { $0.number < $1.number })
      try store.expect(try await store.outbox(after: all[2].number, max: 2), is: Array(all[3...4]))
      _ = try await store.done(.published(through: all[2].number))
      try store.expect(try await store.outbox(), is: Array(all.dropFirst(3)))
      try await store.crash()
      try store.expect(try await store.outbox(), is: Array(all.dropFirst(3)))
      _ = try await store.done(.published(through: all[6].number))
      try await store.crash()
      _ = try await store.takeOne()
      let next = try await store.outbox()
      try store.expect(next.count, is: 1)
      // Numbers are not used twice.
      try store.expect(next[0].number > all[6].number)
    },
    Self("a log keeps what was appended") { store in
      let id = try await store.add()
      let lease = try await store.takeOne()
      for line in 1...20 { _ = try await store.log(lease.claim, "line \(line)\n") }
      try await store.crash()
      let whole = (1...20).map { "line \($0)\n" }.joined()
      try store.expect(try await store.done(.readLog(id)), is: .log(Array(whole.utf8)))
    },
  ]
}
