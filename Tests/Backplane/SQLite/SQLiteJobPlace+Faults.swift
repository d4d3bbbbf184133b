import FanfareActors
import FanfareRuntime
import FanfareTestKit

@testable import FanfareBackplane

/// Breaking a store's file, and comparing what the store has in mind with what is there.
extension SQLiteJobPlace {
  /// The file may have so many pages; those that it has, at least.
  func setPages(in simulation: Simulation, atMost count: Int) throws {
    try core(in: simulation) { core in
      let file = try core.file
      try file.transaction { try file.run("PRAGMA max_page_count = \(max(1, count))") }
    }
  }

  func setReadOnly(_ isReadOnly: Bool, in simulation: Simulation) throws {
    try core(in: simulation) { core in
      let file = try core.file
      try file.transaction { try file.run("PRAGMA query_only = \(isReadOnly ? 1 : 0)") }
    }
  }

  /// 0: no write is taken; else those of one kind fail, in the midst of what is done. `nil` mends.
  func setFault(_ kind: Int?, in simulation: Simulation) throws {
    try setReadOnly(kind == 0, in: simulation)
    guard kind != 0 else { return }
    try core(in: simulation) { core in
      let file = try core.file
      try file.transaction {
        try file.run("DROP TRIGGER IF EXISTS temp.fault")
        guard let kind else { return }
        let when =
          kind == 1
          ? "INSERT ON main.event WHEN new.kind <> 'queued'" : "INSERT ON main.tally"
        try file.run(
          "CREATE TEMP TRIGGER fault BEFORE \(when) BEGIN SELECT RAISE(FAIL, 'broken'); END")
      }
    }
  }

  /// Throws what the store's memory and its file do not agree on.
  func audit(in simulation: Simulation) throws {
    try core(in: simulation) { core in
      let file = try core.file
      var problems: [String] = []
      try file.transaction {
        try Self.auditTallies(core, file, &problems)
        var running: [JobID: Int64] = [:]
        for record in try file.running() {
          running[record.job.id] = record.job.leases
          if let kept = file.leased[record.job.id], kept != record {
            problems.append("kept \(kept), stored \(record)")
          }
        }
        let leases = core.books.leases.leases.mapValues(\.token.number)
        if running != leases { problems.append("running \(running), leases \(leases)") }
        if try file.counter("outbox") != core.books.notes.outbox { problems.append("outbox") }
        let due = try file.nextDue()
        if let due, core.books.notes.nextDue ?? .max > due { problems.append("due \(due)") }
        for (key, state) in try file.budgets() {
          guard let known = core.books.budgets.state(key) else { continue }
          if known.pausedUntil != state.pausedUntil { problems.append("pause of \(key)") }
        }
      }
      guard problems.isEmpty else { throw JobStoreFault(problems: problems) }
    }
  }

  private static func auditTallies(
    _ core: JobCore, _ file: JobFile, _ problems: inout [String]
  ) throws {
    var counted: [String: Int] = [:]
    try file.each("SELECT queue, state, count(*) FROM job GROUP BY queue, state") { row in
      counted["\(row.text() ?? "") \(row.text() ?? "")"] = row.number()
      return true
    }
    var noted: [String: Int] = [:]
    try file.each("SELECT queue, state, sum(jobs) FROM tally GROUP BY queue, state") { row in
      noted["\(row.text() ?? "") \(row.text() ?? "")"] = row.number()
      return true
    }
    var known: [String: Int] = [:]
    for queue in core.books.tallies.queues {
      for (state, count) in core.books.tallies.counts(queue) { known["\(queue) \(state)"] = count }
    }
    if counted != noted { problems.append("jobs \(counted), noted \(noted)") }
    if counted != known { problems.append("jobs \(counted), known \(known)") }
  }
}

struct JobStoreFault: Error {
  let problems: [String]
}
