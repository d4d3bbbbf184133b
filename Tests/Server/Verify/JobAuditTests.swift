import FanfareRuntime
import Testing

@testable import FanfareServer

/// A checker must see what is wrong: each of these histories of one job breaks the promise in one
/// place.
@Suite struct JobAuditTests {
  private static let lease = Duration.seconds(1)
  private static let millisecond: UInt64 = 1_000_000

  /// What a record says, with its times in milliseconds.
  private func record(
    _ deed: JobRecord.Deed, _ token: Int64, _ asked: UInt64, _ answered: UInt64,
    _ outcome: JobRecord.Outcome = .accepted("kept"), number: Int = 7
  ) -> JobRecord {
    JobRecord(
      deed, "j", token, number: number, asked: asked * Self.millisecond,
      answered: answered * Self.millisecond, outcome)
  }

  /// A job that is leased, lost, leased again and succeeds, while the first one tries to go on.
  private var good: [JobRecord] {
    [
      record(.leased, 1, 0, 10, .accepted("running")),
      record(.progress, 1, 20, 30),
      record(.leased, 2, 1_000, 1_040, .accepted("running")),
      record(.progress, 1, 1_050, 1_060, .fenced),
      record(.begins, 1, 1_060, 1_060, .accepted("succeed")),
      record(.succeed, 1, 1_060, 1_070, .fenced),
      record(.begins, 2, 1_080, 1_080, .accepted("succeed")),
      record(.succeed, 2, 1_080, 1_090, .unknown),
      record(.succeed, 2, 1_100, 1_110, .accepted("succeeded")),
    ]
  }

  private static let story = [
    "job_queued", "job_started", "job_progress", "job_retrying", "job_queued", "job_started",
    "job_succeeded",
  ]

  private func outcome(
    _ state: String = "succeeded", token: Int = 2, _ kinds: [String] = story,
    starts: [Int64] = [0, 1_005]
  ) -> JobOutcome {
    var starts = starts
    return JobOutcome(
      state: state, result: Array(#"{"n":7,"token":\#(token)}"#.utf8),
      events: kinds.map { kind in
        let isStart = kind == "job_started" && !starts.isEmpty
        return JobOutcome.Event(kind: kind, data: [], time: isStart ? starts.removeFirst() : 0)
      })
  }

  private func faults(_ records: [JobRecord], _ outcome: JobOutcome? = nil) -> [String] {
    var audit = JobAudit("j", number: 7)
    for record in records { audit.note(record) }
    return audit.faults(outcome ?? self.outcome(), lease: Self.lease, boot: 0)
  }

  @Test func aKeptPromiseHasNoFaults() {
    #expect(faults(good).isEmpty)
    // The worker that was told last may have died of it.
    #expect(faults(Array(good.dropLast())).isEmpty)
    // A worker may die before it has noted its lease.
    #expect(faults(good.filter { $0.deed != .leased || $0.token != 2 }).isEmpty)
  }

  @Test func seesAStaleWriterThatWasLetThrough() {
    var records = good
    records[3] = record(.progress, 1, 1_050, 1_060)
    #expect(faults(records).contains { $0.contains("was accepted after a later one") })
  }

  @Test func seesTwoSuccesses() {
    var records = good
    records[5] = record(.succeed, 1, 1_035, 1_070, .accepted("succeeded"))
    #expect(faults(records).contains { $0.contains("under the leases [1, 2]") })
    let twice = outcome("succeeded", Self.story + ["job_succeeded"])
    #expect(faults(good, twice).contains { $0.contains("2 events of success") })
  }

  @Test func seesALostSuccess() {
    let lost = outcome("queued", Array(Self.story.dropLast()))
    #expect(faults(good, lost).contains { $0.contains("it is queued in the end") })
  }

  @Test func seesAnotherResult() {
    #expect(faults(good, outcome(token: 1)).contains { $0.contains("its result is") })
  }

  @Test func seesAResultThatNobodyReported() {
    let silent = good.filter { $0.token != 2 || $0.deed == .leased }
    #expect(faults(silent).contains { $0.contains("nobody had reported") })
  }

  @Test func seesALeaseThatWasGivenTwice() {
    let records = good + [record(.leased, 2, 1_200, 1_210, .accepted("running"))]
    #expect(faults(records).contains { $0.contains("was given twice") })
  }

  @Test func seesALeaseThatWasGivenWhileAnotherWasInGoodStanding() {
    var records = good
    records[1] = record(.heartbeat, 1, 500, 510)
    #expect(faults(records).contains { $0.contains("while 1 was in good standing") })
    // One that has let go of it is in none.
    records.append(record(.begins, 1, 600, 600, .accepted("release")))
    #expect(!faults(records).contains { $0.contains("good standing") })
  }

  @Test func seesASuccessThatWasRefusedForNothing() {
    let records = [
      record(.leased, 1, 0, 10, .accepted("running")),
      record(.begins, 1, 1_500, 1_500, .accepted("succeed")),
      record(.succeed, 1, 1_500, 1_510, .fenced),
      record(.leased, 2, 1_600, 1_610, .accepted("running")),
      record(.begins, 2, 1_620, 1_620, .accepted("succeed")),
      record(.succeed, 2, 1_620, 1_630, .accepted("succeeded")),
    ]
    let late = outcome(starts: [0, 1_605])
    #expect(faults(records, late).contains { $0.contains("nobody had overtaken it") })
    // Whoever had it may not have been told.
    #expect(!faults(records).contains { $0.contains("nobody had overtaken it") })
  }

  @Test func seesAJobThatWasForgotten() {
    let records = good + [record(.checkpoint, 1, 1_200, 1_210, .refused(404))]
    #expect(faults(records).contains { $0.contains("was answered 404") })
  }

  @Test func seesAnotherJobsArguments() {
    let records = good + [record(.progress, 2, 1_041, 1_042, number: 8)]
    #expect(faults(records).contains { $0.contains("number 8 too") })
  }

  @Test func readsWhatItWrites() {
    for record in good {
      let line = record.line
      #expect(JobRecord(line.dropLast()) == record)
      #expect(JobRecord(line.dropLast(3)) == nil)
    }
  }
}
