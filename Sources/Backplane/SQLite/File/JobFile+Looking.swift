import FanfareActors

/// Looking for jobs.
extension JobFile {
  func hasJob(_ id: JobID) throws -> Bool {
    try one("SELECT 1 FROM job WHERE id = ?", [.integer(id.number)]) { _ in true } ?? false
  }

  /// The job that has a key: it is not over, or its key is kept a while longer. Where a retry has
  /// made there more than one, the first made.
  func holder(
    of key: String, _ queue: QueueName, _ now: Int64
  ) throws -> (id: JobID, state: JobState)? {
    var holder: (id: JobID, state: JobState)?
    let values = [JobValue.text(queue.text), .text(key)]
    func consider(_ condition: String, _ values: [JobValue]) throws {
      try each(
        "SELECT id, state, reason FROM job WHERE queue = ? AND unique_key = ? AND \(condition)",
        values
      ) { row in
        let id = try JobRecord.id(row.integer())
        let state = try JobRecord.state(row.text(), row.text())
        if holder.map({ id < $0.id }) ?? true { holder = (id, state) }
        return true
      }
    }
    try consider("finished IS NULL", values)
    try consider("unique_until > ?", values + [.integer(now)])
    return holder
  }

  /// The jobs of a lane that come before a queued one; no more than `max` are counted.
  func count(_ lane: LaneName, before job: Job, max: Int) throws -> Int {
    let name = [
      JobValue.text(lane.queue.text), .text(lane.task.text), .text(lane.rateKey?.text),
    ]
    let place = [JobValue.number(job.priority), .integer(job.id.number)]
    let rows = """
      SELECT 1 FROM job
      WHERE state = 'queued' AND queue = ? AND task = ? AND rate_key IS ?
      """
    let greater =
      try one(
        "SELECT count(*) FROM (\(rows) AND priority > ? LIMIT ?)",
        name + [place[0], .number(max)]
      ) { $0.number() } ?? 0
    guard greater < max else { return greater }
    let earlier = try one(
      "SELECT count(*) FROM (\(rows) AND priority = ? AND id < ? LIMIT ?)",
      name + place + [.number(max - greater)]
    ) { $0.number() }
    return greater + (earlier ?? 0)
  }

  /// Since when the oldest queued job of a queue has been queued.
  func oldestQueued(_ queue: QueueName) throws -> Int64? {
    try one(
      "SELECT min(changed) FROM job WHERE state = 'queued' AND queue = ?", [.text(queue.text)]
    ) { $0.integer() } ?? nil
  }

  // MARK: Requests

  struct Request {
    let fingerprint: UInt64
    let workflow: WorkflowID?
    /// With the states that were answered.
    let jobs: [(id: JobID, state: JobState)]
    /// When it was made.
    let time: Int64
  }

  /// What was answered to a request of this name, unless that was too long ago.
  func request(_ name: String, at now: Int64) throws -> Request? {
    try one(
      """
      SELECT fingerprint, expires, workflow, jobs, states FROM request
      WHERE name = ? AND expires > ?
      """, [.text(name), .integer(now)]
    ) { row in
      let fingerprint = UInt64(bitPattern: row.integer() ?? 0)
      let expires = row.integer() ?? 0
      let workflow = row.integer().flatMap { WorkflowID($0) }
      let ids = PlainList.read(row.text()).compactMap { Int64($0) }.compactMap { JobID($0) }
      let states = try PlainList.read(row.text()).map { try JobRecord.state($0) }
      return Request(
        fingerprint: fingerprint, workflow: workflow, jobs: Array(zip(ids, states)),
        time: expires.later(by: .zero - JobRequestKey.lifetime))
    }
  }

  func insertRequest(
    _ key: JobRequestKey, jobs: [(id: JobID, state: JobState)], workflow: WorkflowID?,
    until expires: Int64
  ) throws {
    try run(
      """
      INSERT OR REPLACE INTO request (name, fingerprint, expires, workflow, jobs, states)
      VALUES (?, ?, ?, ?, ?, ?)
      """,
      [
        .text(key.name), .integer(Int64(bitPattern: key.fingerprint)), .integer(expires),
        .integer(workflow?.number), .text(PlainList.text(jobs.map { String($0.id.number) })),
        .text(PlainList.text(jobs.map { "\"\($0.state.text)\"" })),
      ])
  }

  // MARK: Queues

  func pausedQueues() throws -> Set<QueueName> {
    var names: Set<QueueName> = []
    try each("SELECT name FROM queue WHERE is_paused = 1") { row in
      names.insert(try row.name { QueueName($0) })
      return true
    }
    return names
  }

  func setPaused(_ queue: QueueName, _ isPaused: Bool) throws {
    try run(
      """
      INSERT INTO queue (name, is_paused) VALUES (?1, ?2)
      ON CONFLICT (name) DO UPDATE SET is_paused = ?2
      """, [.text(queue.text), .flag(isPaused)])
  }
}
