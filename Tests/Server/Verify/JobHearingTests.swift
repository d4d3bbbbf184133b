import FanfareActors
import Testing

@testable import FanfareServer

/// What a follower heard of jobs, held against the jobs' own events.
@Suite struct JobHearingTests {
  private static let kinds = ["job_queued", "job_started", "job_succeeded"]
  private let first = Epoch("aaaaaaaaaa00")
  private let second = Epoch("bbbbbbbbbb00")

  private let jobs = [
    "j": JobOutcome(
      state: "succeeded", result: nil,
      events: kinds.map { JobOutcome.Event(kind: $0, data: Array(#"{"job":"j"}"#.utf8)) })
  ]

  /// Hears these events, each by its kind, offset and whether it is of the second log.
  private func verdict(_ heard: [(String, UInt64, Bool)]) throws -> JobHearing.Verdict {
    let hearing = JobHearing()
    let (first, second) = (try #require(first), try #require(second))
    hearing.begins(["a": first])
    for (kind, offset, isSecond) in heard {
      let position = Position(offset: offset, epoch: isSecond ? second : first)
      let json = """
        {"channel":"a","position":"\(position)","type":"\(kind)","data":{"job":"j"},"time":""}
        """
      let event = try #require(ReceivedEvent(Array(json.utf8), cursor: ""))
      #expect(hearing.hear(event, at: position) == nil)
    }
    return hearing.verdict(jobs)
  }

  @Test func allInOrderIsWell() throws {
    let verdict = try verdict([
      ("job_queued", 1, false), ("job_started", 2, false), ("job_succeeded", 3, false),
    ])
    #expect(verdict.faults.isEmpty)
    #expect(verdict.heard == 3 && verdict.unheard == 0 && verdict.breaks == 0)
  }

  @Test func aLogThatBeganAnewMayHaveLostSome() throws {
    let verdict = try verdict([
      ("job_queued", 1, false), ("job_succeeded", 1, true),
    ])
    #expect(verdict.faults.isEmpty)
    #expect(verdict.heard == 2 && verdict.unheard == 1 && verdict.breaks == 1)
    let again = try self.verdict([
      ("job_queued", 1, false), ("job_started", 2, false), ("job_started", 1, true),
      ("job_succeeded", 2, true),
    ])
    #expect(again.faults.isEmpty && again.unheard == 0)
  }

  @Test(arguments: [
    ["job_queued", "job_succeeded"], ["job_started", "job_succeeded"],
    ["job_queued", "job_started"], ["job_queued", "job_started", "job_started", "job_succeeded"],
    ["job_started", "job_queued", "job_succeeded"], [],
  ])
  func aHoleADoubleOrAnotherOrderIsWrong(kinds: [String]) throws {
    let heard = kinds.enumerated().map { ($1, UInt64($0) + 1, false) }
    #expect(try !verdict(heard).faults.isEmpty)
  }
}
