import FanfareActors

/// What jobs write while they run: bytes, which need not be text.
extension JobFile {
  /// Appends to a job's log, and drops what is older than its newest `max` bytes.
  func appendLog(_ job: JobID, _ bytes: [UInt8], max: Int) throws {
    guard !bytes.isEmpty else { return }
    let end = try one(
      "SELECT offset + length(bytes) FROM log WHERE job = ? ORDER BY offset DESC LIMIT 1",
      [.integer(job.number)]
    ) { $0.integer() ?? 0 }
    let kept = bytes.suffix(max)
    let offset = (end ?? 0) + Int64(bytes.count - kept.count)
    try run(
      "INSERT INTO log (job, offset, bytes) VALUES (?, ?, ?)",
      [.integer(job.number), .integer(offset), .blob(Array(kept))])
    // The first condition follows from the second, and spares those that stay a look.
    try run(
      "DELETE FROM log WHERE job = ?1 AND offset < ?2 AND offset + length(bytes) <= ?2",
      [.integer(job.number), .integer(offset + Int64(kept.count) - Int64(max))])
  }

  func log(of job: JobID, max: Int) throws -> [UInt8] {
    var bytes: [UInt8] = []
    try each("SELECT bytes FROM log WHERE job = ? ORDER BY offset", [.integer(job.number)]) { row in
      bytes.append(contentsOf: row.bytes() ?? [])
      return true
    }
    return Array(bytes.suffix(max))
  }
}
