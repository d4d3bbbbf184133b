import FanfareActors
import Testing

@testable import FanfareBackplane
@testable import FanfareTestKit

/// What a list costs is bounded, whatever is in the file.
@Suite struct SQLiteJobListTests {
  /// One JSON value of so many bytes.
  private static func long(_ count: Int) -> [UInt8] {
    [UInt8(ascii: "\"")] + Array(repeating: UInt8(ascii: "x"), count: count - 2)
      + [UInt8(ascii: "\"")]
  }

  @Test func aPageEndsWithSomeBytes() throws {
    let play = try SQLiteJobPlay()
    play.run { store in
      let draft = await store.draft { $0.arguments = Self.long(1_000_000) }
      let ids = try await store.add(Array(repeating: draft, count: 20)).map(\.id)
      let first = try await store.page(of: JobFilter())
      // The ninth is the first by which it has 8 MiB.
      try store.expect(first.jobs.map(\.id), is: ids.reversed().prefix(9).map(\.self))
      try store.expect(first.next, is: ids[11])
      let second = try await store.page(of: JobFilter(), before: first.next, max: 9)
      try store.expect(second.jobs.count, is: 9)
      try store.expect(second.next, is: ids[2])
      let third = try await store.page(of: JobFilter(), before: second.next)
      try store.expect(third.jobs.map(\.id), is: [ids[1], ids[0]])
      try store.expect(third.next, is: nil)
      let brief = try await store.page(of: JobFilter(), isBrief: true)
      try store.expect(brief.jobs.map(\.id), is: ids.reversed())
      try store.expect(brief.next, is: nil)
      try store.expect(brief.jobs.allSatisfy { $0.arguments.isEmpty })
    }
  }

  @Test func aPageHasAtLeastOneJob() throws {
    let play = try SQLiteJobPlay()
    play.run { store in
      let draft = await store.draft { $0.arguments = Self.long(JobPage.bytesMax + 1) }
      let ids = try await store.add([draft, draft]).map(\.id)
      let page = try await store.page(of: JobFilter())
      try store.expect(page.jobs.map(\.id), is: [ids[1]])
      try store.expect(page.next, is: ids[1])
    }
  }

  @Test func allThatMayBeLongCounts() throws {
    let play = try SQLiteJobPlay()
    play.run { store in
      _ = try await store.start([store.draft(), store.draft()])
      _ = try await store.succeed(try await store.takeOne().claim, "12345")
      let failed = try await store.takeOne()
      _ = try await store.fail(failed.claim, "1234567")
      await store.pass(.milliseconds(50))
      let lease = try await store.takeOne()
      _ = try await store.keep(lease.claim, "123")
      _ = try await store.done(
        .progress(lease.claim, JobProgress(current: 1, message: "1234567890")))
      _ = try await store.succeed(lease.claim, "1", usage: .tokens(1))
      // Arguments and input, error, checkpoint, message, result and usage.
      try store.expect(try await store.job(lease.job.id).bytes, is: 2 + 5 + 7 + 3 + 10 + 1 + 12)
    }
  }

  @Test func fewOfManyAreLookedForInPages() throws {
    let play = try SQLiteJobPlay()
    play.run { store in
      let rare = try await store.add(.prompt, .rest)
      let others = await Array(repeating: store.draft(), count: JobPage.passedMax + 5)
      let ids = try await store.add(others).map(\.id)
      var filter = JobFilter()
      filter.task = .rest
      for queue in [nil, QueueName.prompt] {
        filter.queue = queue
        let first = try await store.page(of: filter)
        try store.expect(first, is: JobPage(next: ids[5]))
        let second = try await store.page(of: filter, before: first.next)
        try store.expect(second.jobs.map(\.id), is: [rare])
        try store.expect(second.next, is: nil)
      }
      // Where all match, none is passed by.
      let all = try await store.page(of: JobFilter(), max: JobPage.passedMax + 100)
      try store.expect(all.jobs.map(\.id), is: ids.reversed() + [rare])
      try store.expect(all.next, is: nil)
      filter = JobFilter()
      filter.errorText = "x"
      try store.expect(try await store.page(of: filter).next, is: ids[5])
      try store.expect(try await store.list { $0.errorText = "x" }.isEmpty)
    }
  }

  @Test func stepsAreSeenWithoutWhatTheyCarry() throws {
    let play = try SQLiteJobPlay()
    play.run { store in
      let draft = await store.draft { $0.arguments = Self.long(2_000_000) }
      let workflow = try await store.start(Array(repeating: draft, count: 10))
      let steps = try await store.steps(of: workflow.id)
      try store.expect(steps.map(\.job), is: workflow.jobs)
      try store.expect(
        steps.map(\.state.word), is: ["queued"] + Array(repeating: "waiting", count: 9))
      try store.expect(steps.allSatisfy { $0.queue == .prompt })
    }
  }

  @Test func whatIsGivenBackReachesTheStoreTogether() throws {
    let play = try SQLiteJobPlay()
    play.run { store in
      _ = try await store.add(Array(repeating: store.draft(), count: 8))
      let claims = try await store.take(8).map(\.claim)
      try store.expect(claims.count, is: 8)
      _ = store.feed.take()
      await store.giveBack(claims)
      await store.pass(.seconds(1))
      let released = store.feed.take().map { $0.transitions.count { $0.cause == .released } }
      try store.expect(released.filter { $0 > 0 }, is: [8])
    }
  }
}
