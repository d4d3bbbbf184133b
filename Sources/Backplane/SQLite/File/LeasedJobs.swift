import FanfareActors

/// Jobs as they were leased, while nothing else has been written of them: most attempts end before
/// anything is, and then the row, whose columns take longer to read than to write, need not be
/// read again. Bounded: ten megabytes at most.
struct LeasedJobs {
  private static let countMax = 2_048
  /// The bytes of a job that is kept.
  private static let bytesMax = 4_096

  private var records: [JobID: JobRecord] = [:]

  subscript(id: JobID) -> JobRecord? { records[id] }

  /// `record` is what the file has now.
  mutating func keep(_ record: JobRecord) {
    let job = record.job
    let bytes =
      job.arguments.count + (job.input?.count ?? 0) + (job.checkpoint?.count ?? 0)
      + (job.progress?.message?.utf8.count ?? 0)
    guard bytes <= Self.bytesMax, job.errors.isEmpty, job.usage == nil else {
      return forget(job.id)
    }
    // Those that are worked on for long would stay; the others come again at once.
    if records.count >= Self.countMax { records = [:] }
    records[job.id] = record
  }

  /// Something else is written of a job.
  mutating func forget(_ id: JobID) { records[id] = nil }
}
