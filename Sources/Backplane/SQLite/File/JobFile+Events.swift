import FanfareActors

/// The tables of events, logs, and of what is to be published.
extension JobFile {
  private static let insertEvent = JobSQL(
    "INSERT INTO event (job, sequence, kind, time, data) VALUES (?, ?, ?, ?, ?)")

  func insert(_ event: JobEvent) throws {
    try run(
      Self.insertEvent,
      [
        .integer(event.job.number), .integer(event.sequence), .text(event.kind.rawValue),
        .integer(event.time), .json(event.data),
      ])
  }

  /// Events after `sequence`, at most `max` and, but for the first, `bytesMax`.
  func events(
    of job: JobID, after sequence: Int64, max: Int, bytesMax: Int
  ) throws -> [JobEvent] {
    var events: [JobEvent] = []
    var bytes = 0
    guard max > 0 else { return [] }
    try each(
      """
      SELECT sequence, kind, time, data FROM event WHERE job = ? AND sequence > ?
      ORDER BY sequence LIMIT ?
      """, [.integer(job.number), .integer(sequence), .number(max)]
    ) { row in
      let event = JobEvent(
        job: job, sequence: row.integer() ?? 0,
        kind: try row.name { JobEventKind(rawValue: $0) }, time: row.integer() ?? 0,
        data: row.bytes() ?? [])
      bytes += event.data.count
      guard events.isEmpty || bytes <= bytesMax else { return false }
      events.append(event)
      return true
    }
    return events
  }

  private static let insertEntry = JobSQL(
    "INSERT INTO outbox (number, channel, type, data, key) VALUES (?, ?, ?, ?, ?)")

  func insert(_ entry: OutboxEntry) throws {
    try run(
      Self.insertEntry,
      [
        .integer(entry.number), .text(entry.channel.text), .text(entry.type.text),
        .json(entry.data), .text(entry.key),
      ])
  }

  func outbox(after number: Int64, max: Int) throws -> [OutboxEntry] {
    var entries: [OutboxEntry] = []
    guard max > 0 else { return [] }
    try each(
      """
      SELECT number, channel, type, data, key FROM outbox WHERE number > ? ORDER BY number LIMIT ?
      """, [.integer(number), .number(max)]
    ) { row in
      entries.append(
        OutboxEntry(
          number: row.integer() ?? 0, channel: try row.name { ChannelName($0) },
          type: try row.name { EventType($0) }, data: row.bytes() ?? [], key: row.text() ?? ""))
      return true
    }
    return entries
  }

  func deleteOutbox(through number: Int64) throws -> Int {
    try change("DELETE FROM outbox WHERE number <= ?", [.integer(number)])
  }

  // MARK: Counters

  func counter(_ name: String) throws -> Int64 {
    try one("SELECT value FROM counter WHERE name = ?", [.text(name)]) { $0.integer() ?? 0 } ?? 0
  }

  func setCounter(_ name: String, _ value: Int64) throws {
    try run(
      "INSERT OR REPLACE INTO counter (name, value) VALUES (?, ?)",
      [.text(name), .integer(value)])
  }
}
