import FanfareActors

/// What books are kept of: lanes, counts, budgets, running jobs.
extension JobFile {
  func heads(of lane: LaneName) throws -> [LanePlace] {
    var places: [LanePlace] = []
    try each(
      """
      SELECT priority, id, cost FROM job
      WHERE state = 'queued' AND queue = ? AND task = ? AND rate_key IS ?
      ORDER BY priority DESC, id LIMIT \(Lane.readAhead)
      """, [.text(lane.queue.text), .text(lane.task.text), .text(lane.rateKey?.text)]
    ) { row in
      places.append(
        LanePlace(
          priority: row.number(), job: try JobRecord.id(row.integer()), cost: row.number()))
      return true
    }
    return places
  }

  func tallies() throws -> [TallyBook.Key: Int] {
    var counts: [TallyBook.Key: Int] = [:]
    try each("SELECT queue, task, rate_key, state, jobs FROM tally") { row in
      let lane = LaneName(
        queue: try row.name { QueueName($0) }, task: try row.name { TaskName($0) },
        rateKey: try row.name { $0.isEmpty ? .some(nil) : RateKey($0).map(Optional.some) })
      let state = try row.name { JobState.words.contains($0) ? $0 : nil }
      counts[TallyBook.Key(lane: lane, state: state)] = row.number()
      return true
    }
    return counts
  }

  func setTally(_ key: TallyBook.Key, _ count: Int) throws {
    let row = [
      JobValue.text(key.lane.queue.text), .text(key.lane.task.text),
      .text(key.lane.rateKey?.text ?? ""), .text(key.state),
    ]
    if count == 0 {
      try run(
        "DELETE FROM tally WHERE queue = ? AND task = ? AND rate_key = ? AND state = ?", row)
    } else {
      try run(
        "INSERT OR REPLACE INTO tally (queue, task, rate_key, state, jobs) VALUES (?, ?, ?, ?, ?)",
        row + [.number(count)])
    }
  }

  func budgets() throws -> [RateKey: BudgetState] {
    var states: [RateKey: BudgetState] = [:]
    try each(
      "SELECT rate_key, requests, requests_time, tokens, tokens_time, paused_until FROM budget"
    ) { row in
      let key = try row.name { RateKey($0) }
      func bucket() -> TokenBucket? {
        let level = row.real()
        let time = row.integer()
        return level.map { TokenBucket(level: $0, time: time ?? 0) }
      }
      states[key] = BudgetState(
        requests: bucket(), tokens: bucket(), pausedUntil: row.integer())
      return true
    }
    return states
  }

  func setBudget(_ key: RateKey, _ state: BudgetState) throws {
    try run(
      """
      INSERT OR REPLACE INTO budget (rate_key, requests, requests_time, tokens, tokens_time,
        paused_until) VALUES (?, ?, ?, ?, ?, ?)
      """,
      [
        .text(key.text), .real(state.requests?.level), .integer(state.requests?.time),
        .real(state.tokens?.level), .integer(state.tokens?.time), .integer(state.pausedUntil),
      ])
  }

  /// All running jobs, in no order.
  func running() throws -> [JobRecord] {
    try jobs("SELECT \(JobRecord.columns) FROM job WHERE state = 'running'", [])
  }

  /// Jobs whose time has come, the earliest first.
  func due(by now: Int64, max: Int) throws -> [JobID] {
    try ids("SELECT id FROM job WHERE next_at <= ? ORDER BY next_at, id LIMIT ?", now, max)
  }

  func nextDue() throws -> Int64? {
    try one("SELECT min(next_at) FROM job WHERE next_at IS NOT NULL") { $0.integer() } ?? nil
  }

  private func ids(_ sql: String, _ time: Int64, _ max: Int) throws -> [JobID] {
    var ids: [JobID] = []
    try each(sql, [.integer(time), .number(max)]) { row in
      ids.append(try JobRecord.id(row.integer()))
      return true
    }
    return ids
  }
}
