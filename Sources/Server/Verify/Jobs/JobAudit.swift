import FanfareRuntime

/// Holds what workers were answered about one job, and what became of it, against the promise: its
/// leases never overlap, nobody writes under an old one, and it succeeded once.
struct JobAudit {
  /// The clocks of a lease and of a record are read one after the other.
  private static let slack: UInt64 = 5_000_000
  /// What the server's clock may differ by, in milliseconds.
  private static let clockSlack: Int64 = 5

  let id: String
  let number: Int
  private var leases: [Int64: JobRecord] = [:]
  /// All but leases and beginnings.
  private var writes: [JobRecord] = []
  private var beginnings: [JobRecord] = []
  private var early: [String] = []

  init(_ id: String, number: Int) {
    self.id = id
    self.number = number
  }

  /// Leases that were seen by workers.
  var leaseCount: Int { leases.count }
  /// Writes that were refused because another had the job.
  var fencedCount: Int { writes.count { $0.outcome == .fenced } }

  /// Takes what one worker noted. In any order.
  mutating func note(_ record: JobRecord) {
    if record.number != number {
      early.append("a job with number \(record.number) too")
    }
    switch record.deed {
    case .leased:
      if leases.updateValue(record, forKey: record.token) != nil {
        early.append("lease \(record.token) was given twice")
      }
    case .begins: beginnings.append(record)
    case .heartbeat, .progress, .checkpoint, .succeed, .fail, .release: writes.append(record)
    }
  }

  /// What is wrong.
  ///
  /// - Parameters:
  ///   - lease: how long a lease lasts at least.
  ///   - boot: when the monotonic clock of the workers was 0 by the clock of the server, in
  ///     milliseconds since 1970; nil where the server may have another clock.
  func faults(_ outcome: JobOutcome, lease: Duration, boot: Int64?) -> [String] {
    guard outcome.state == "succeeded" else {
      return ["job \(id): it is \(outcome.state) in the end"]
    }
    let started = Int64(outcome.events.count { $0.kind == "job_started" })
    let found =
      early + refusals() + overtakings() + overlaps(UInt64(lease.nanoseconds))
      + successes(outcome, newest: started) + unjust(outcome, boot)
    return found.map { "job \(id): \($0)" }
  }

  // MARK: Fencing

  private func refusals() -> [String] {
    writes.compactMap { write in
      guard case .refused(let status) = write.outcome else { return nil }
      return "\(write.deed.rawValue) under lease \(write.token) was answered \(status)"
    }
  }

  /// Whatever was asked after somebody was told of a later lease must have been refused.
  private func overtakings() -> [String] {
    var faults: [String] = []
    let told = Array(leases.values) + writes.filter(Self.isAccepted)
    for record in told {
      let overtaken = told.filter { $0.token > record.token }.map(\.answered).min()
      guard let overtaken, record.asked > overtaken, !isRepetition(record) else { continue }
      faults.append(
        "\(record.deed.rawValue) under lease \(record.token) was accepted after a later one")
    }
    return faults
  }

  /// The end of an attempt that was told before is answered the same, and does nothing.
  private func isRepetition(_ record: JobRecord) -> Bool {
    record.deed.isEnd
      && writes.contains {
        $0.deed == record.deed && $0.token == record.token && $0.asked < record.asked
          && $0.outcome != .fenced
      }
  }

  /// Nobody is given a job whose worker has renewed its lease and not let go of it.
  private func overlaps(_ lease: UInt64) -> [String] {
    leases.values.compactMap { later in
      let holders = writes.filter { $0.token < later.token && Self.renews($0) }
      let renewals = leases.values.filter { $0.token < later.token } + holders
      for renewal in renewals where later.answered + Self.slack < renewal.asked + lease {
        let hasEnded = beginnings.contains {
          $0.token == renewal.token && $0.asked <= later.answered
        }
        if !hasEnded {
          return "lease \(later.token) was given while \(renewal.token) was in good standing"
        }
      }
      return nil
    }
  }

  private static func isAccepted(_ record: JobRecord) -> Bool {
    if case .accepted = record.outcome { true } else { false }
  }

  private static func renews(_ record: JobRecord) -> Bool {
    !record.deed.isEnd && isAccepted(record)
  }

  // MARK: Effects

  private func successes(_ outcome: JobOutcome, newest: Int64) -> [String] {
    var faults: [String] = []
    let count = outcome.events.count { $0.kind == "job_succeeded" }
    if count != 1 || outcome.events.last?.kind != "job_succeeded" {
      faults.append("it has \(count) events of success, which must be one, and the last")
    }
    let accepted = Set(
      writes.filter { $0.deed == .succeed && Self.isAccepted($0) }.map(\.token))
    if accepted.count > 1 {
      faults.append("successes were accepted under the leases \(accepted.sorted())")
    }
    if let greatest = leases.keys.max(), greatest > newest {
      faults.append("lease \(greatest) was given, and it has \(newest) events of a start")
    }
    guard let token = accepted.first ?? resultToken(outcome.result) else { return faults }
    if token != newest { faults.append("it succeeded under lease \(token) of \(newest)") }
    let result = Array(#"{"n":\#(number),"token":\#(token)}"#.utf8)
    if outcome.result != result {
      let text = String(decoding: outcome.result ?? [], as: UTF8.self)
      faults.append("its result is \(text), and lease \(token) succeeded")
    }
    let isBegun = beginnings.contains {
      $0.token == token && $0.outcome == .accepted(JobRecord.Deed.succeed.rawValue)
    }
    if !isBegun { faults.append("nobody had reported its success under lease \(token)") }
    return faults
  }

  private func resultToken(_ result: [UInt8]?) -> Int64? {
    result.flatMap { JSONFields($0) }?.int("token").map(Int64.init)
  }

  /// A success, however late, is refused only where somebody else was given the job, or it died.
  private func unjust(_ outcome: JobOutcome, _ boot: Int64?) -> [String] {
    guard !outcome.events.contains(where: { $0.kind == "job_dead" }) else { return [] }
    let starts = outcome.events.filter { $0.kind == "job_started" }.map(\.time)
    return writes.compactMap { write in
      guard write.deed == .succeed, write.outcome == .fenced else { return nil }
      let next = write.token < starts.count ? starts[Int(write.token)] : nil
      let refused = boot.map { $0 + Int64(write.answered / 1_000_000) + Self.clockSlack }
      if let next, next <= refused ?? next { return nil }
      return "success under lease \(write.token) was refused, and nobody had overtaken it"
    }
  }
}
