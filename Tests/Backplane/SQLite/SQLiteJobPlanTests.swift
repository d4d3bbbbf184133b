import FanfareActors
import FanfareRuntime
import Testing

@testable import FanfareBackplane
@testable import FanfareTestKit

/// How SQLite goes about what it is asked: by an index, whatever is in the file.
@Suite struct SQLiteJobPlanTests {
  /// Asks for everything that a store can be asked for, but for lists.
  private static let everything: JobStoreScenario.Play = { store in
    let key = JobRequestKey(name: "a", fingerprint: 1)
    _ = try await store.add(
      [
        store.draft {
          $0.key = "k"; $0.uniqueFor = .seconds(9)
        }
      ], key: key)
    _ = try await store.add([store.draft { $0.key = "k" }], key: nil)
    _ = try await store.add { $0.start = .after(.seconds(1)) }
    _ = try await store.start([store.draft(), store.draft()])
    await store.pass(.seconds(2))
    for lease in try await store.take(8) {
      _ = try await store.look(lease.job.id)
      _ = try await store.beat(lease.claim)
      _ = try await store.tell(lease.claim, 1)
      _ = try await store.keep(lease.claim, "1")
      _ = try await store.log(lease.claim, "words")
      _ = try await store.page(lease.job.id)
      _ = await store.ask(.fail(lease.claim, JobFailure(error: "no")))
    }
    for lease in try await store.take(8) { _ = try await store.succeed(lease.claim) }
    let last = try await store.add { $0.attempts = 1 }
    _ = try await store.look(last)
    let lease = try await store.takeOne()
    _ = await store.ask(.fail(lease.claim, JobFailure(error: "no")))
    _ = await store.ask(.redrive(.prompt, JobFilter(), perSecond: 1))
    _ = await store.ask(.stopRedrive(.prompt))
    _ = await store.ask(.purge(.prompt, JobFilter()))
    _ = await store.ask(.queues)
    _ = await store.ask(.published(through: try await store.outbox().last?.number ?? 0))
    await store.pass(.seconds(3_700))
  }

  @Test func nothingIsScanned() throws {
    let play = try SQLiteJobPlay()
    let place = play.place
    play.run { store in
      try await Self.everything(store)
      try place.core(in: store.simulation) { core in
        let file = try core.file
        let statements = file.statements
        try store.expect(statements.count > 40, "\(statements.count) statements")
        for sql in statements where !Self.isList(sql) {
          var plan: [String] = []
          try file.transaction {
            try file.each("EXPLAIN QUERY PLAN \(sql)") { row in
              _ = (row.integer(), row.integer(), row.integer())
              plan.append(row.text() ?? "")
              return true
            }
          }
          let scans = plan.filter { Self.isScan($0) }
          try store.expect(scans.isEmpty, "\(sql): \(scans)")
        }
      }
    }
  }

  /// Lists that are meant to be sorted.
  private static func isList(_ sql: String) -> Bool {
    sql.hasPrefix("SELECT id FROM job WHERE state = ? AND queue = ?")
  }

  /// Tables that are read whole are read once, at the start, and have few rows.
  private static func isScan(_ step: String) -> Bool {
    let small = ["tally", "budget", "queue", "redrive", "CONSTANT ROW", "(subquery"]
    return step.hasPrefix("SCAN") && !small.contains { step.hasPrefix("SCAN \($0)") }
      || step.contains("TEMP B-TREE")
  }

  /// How SQLite looks for the jobs of a list.
  private func plan(_ filter: JobFilter, _ way: JobFile.Way) throws -> [String] {
    let place = try SQLiteJobPlace(isInMemory: true)
    let file = try JobFile(place.path)
    let (sql, values) = JobFile.search(filter, before: nil, max: 100, way)
    var plan: [String] = []
    try file.transaction {
      try file.each("EXPLAIN QUERY PLAN \(sql)", values) { row in
        _ = (row.integer(), row.integer(), row.integer())
        plan.append(row.text() ?? "")
        return true
      }
    }
    return plan
  }

  @Test func fewAreFoundByIndexAndManyFromTheNewest() throws {
    // Only ids of an index are sorted: whole rows are read one after another.
    let byIndex = { (name: String) in
      [
        "SEARCH job USING INTEGER PRIMARY KEY (rowid=?)", "LIST SUBQUERY 1",
        "SEARCH job USING COVERING INDEX \(name)", "USE TEMP B-TREE FOR ORDER BY",
      ]
    }
    var filter = JobFilter()
    filter.queue = .prompt
    #expect(try plan(filter, .byIndex) == byIndex("job_stage (state=? AND queue=?)"))
    filter.state = "dead"
    filter.task = .work
    filter.errorText = "x"
    #expect(try plan(filter, .byIndex) == byIndex("job_stage (state=? AND queue=?)"))
    #expect(try plan(filter, .backwards) == ["SCAN job"])
    filter.workflow = WorkflowID(7)
    #expect(try plan(filter, .byIndex) == byIndex("job_step (workflow=?)"))
  }
}
