import FanfareActors

/// What has been kept for long enough, or is to be done again.
extension JobFile {
  /// Jobs that have been in a state since before a time, the oldest first.
  func old(
    _ queue: QueueName, _ state: String, before time: Int64, max: Int
  ) throws -> [JobRecord] {
    try jobs(
      """
      SELECT \(JobRecord.columns) FROM job WHERE state = ? AND queue = ? AND changed < ?
      ORDER BY changed LIMIT ?
      """, [.text(state), .text(queue.text), .integer(time), .number(max)])
  }

  func oldest(_ queue: QueueName, _ state: String) throws -> Int64? {
    try one(
      "SELECT min(changed) FROM job WHERE state = ? AND queue = ?",
      [.text(state), .text(queue.text)]
    ) { $0.integer() } ?? nil
  }

  func oldestWorkflow() throws -> Int64? {
    try one("SELECT min(finished) FROM workflow WHERE finished IS NOT NULL") {
      $0.integer()
    } ?? nil
  }

  func deleteWorkflows(before time: Int64, max: Int) throws {
    try run(
      """
      DELETE FROM workflow
      WHERE id IN (SELECT id FROM workflow WHERE finished < ? ORDER BY finished LIMIT ?)
      """, [.integer(time), .number(max)])
  }

  func deleteRequests(at now: Int64, max: Int) throws {
    try run(
      """
      DELETE FROM request
      WHERE name IN (SELECT name FROM request WHERE expires <= ? ORDER BY expires LIMIT ?)
      """, [.integer(now), .number(max)])
  }

  func nextRequestEnd() throws -> Int64? {
    try one("SELECT min(expires) FROM request") { $0.integer() } ?? nil
  }

  func stepStates(of workflow: WorkflowID) throws -> [JobState] {
    var states: [JobState] = []
    try each(
      "SELECT state, reason FROM job WHERE workflow = ? ORDER BY step",
      [.integer(workflow.number)]
    ) { row in
      states.append(try JobRecord.state(row.text(), row.text()))
      return true
    }
    return states
  }

  // MARK: Dead jobs

  /// The ids of dead jobs of a queue, the first made first.
  func dead(_ queue: QueueName, _ filter: JobFilter, max: Int) throws -> [JobID] {
    var filter = filter
    filter.queue = queue
    filter.state = "dead"
    let (condition, values) = Self.condition(filter)
    var ids: [JobID] = []
    try each(
      "SELECT id FROM job WHERE \(condition) ORDER BY id LIMIT ?",
      values + [.number(max)]
    ) { row in
      ids.append(try JobRecord.id(row.integer()))
      return true
    }
    return ids
  }

  /// Notes the dead jobs of a queue that are there now, to be retried; in place of others.
  /// Returns how many.
  func insertRedrive(
    _ queue: QueueName, _ filter: JobFilter, perSecond: Double?
  ) throws -> Int {
    var filter = filter
    filter.queue = queue
    filter.state = "dead"
    let (condition, values) = Self.condition(filter)
    try deleteRedrive(queue)
    try run(
      """
      INSERT INTO queue (name, redrive_per_second) VALUES (?1, ?2)
      ON CONFLICT (name) DO UPDATE SET redrive_per_second = ?2
      """, [.text(queue.text), .real(perSecond)])
    return try change(
      """
      INSERT INTO redrive (queue, job)
      SELECT queue, id FROM job WHERE \(condition)
      """, values)
  }

  func deleteRedrive(_ queue: QueueName) throws {
    try run("DELETE FROM redrive WHERE queue = ?", [.text(queue.text)])
  }

  /// Takes the next jobs that are to be retried off the list.
  func takeRedrive(_ queue: QueueName, max: Int) throws -> [JobID] {
    var ids: [JobID] = []
    try each(
      "SELECT job FROM redrive WHERE queue = ? ORDER BY job LIMIT ?",
      [.text(queue.text), .number(max)]
    ) { row in
      ids.append(try JobRecord.id(row.integer()))
      return true
    }
    guard let last = ids.last else { return [] }
    try run(
      "DELETE FROM redrive WHERE queue = ? AND job <= ?",
      [.text(queue.text), .integer(last.number)])
    return ids
  }

  /// The queues in which something is to be retried still: how many jobs, and how many a second.
  func redrives() throws -> [QueueName: (left: Int, perSecond: Double?)] {
    var redrives: [QueueName: (left: Int, perSecond: Double?)] = [:]
    try each(
      """
      SELECT redrive.queue, count(*), redrive_per_second
      FROM redrive LEFT JOIN queue ON name = redrive.queue GROUP BY redrive.queue
      """
    ) { row in
      let queue = try row.name { QueueName($0) }
      redrives[queue] = (row.number(), row.real())
      return true
    }
    return redrives
  }
}
