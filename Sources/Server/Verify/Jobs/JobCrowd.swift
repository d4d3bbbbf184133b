import FanfareActors
import FanfareRuntime

/// Those who follow the channels of a verification's jobs, one over each transport.
struct JobCrowd: Sendable {
  let followers: [VerifyFollower]
  private let hearings: [JobHearing]

  init(_ work: VerifyWork, _ server: ServerURL, on loop: EventLoop, _ limits: ClientLimits) {
    let hearings = VerifyFollower.Way.allCases.map { _ in JobHearing() }
    self.hearings = hearings
    followers = zip(VerifyFollower.Way.allCases, hearings).enumerated().map { number, pair in
      VerifyFollower(
        number, pair.0, work.channels, nodes: [server], on: loop, limits,
        hear: pair.1.hear(_:at:))
    }
  }

  /// Returns when all have attached.
  func attach() async throws {
    try await VerifyFollower.attach(followers)
    for (follower, hearing) in zip(followers, hearings) {
      let accounts = await follower.standing.accounts
      hearing.begins(accounts.compactMapValues { $0.held?.epoch })
    }
  }

  func end() async {
    for follower in followers { await follower.end() }
  }

  /// Lets what is on its way arrive, and compares what was heard with the jobs' own events.
  func hear(
    _ jobs: [String: JobOutcome], within time: Duration, _ report: inout JobVerification.Report
  ) async {
    let deadline = ContinuousClock.now + time
    var verdicts = hearings.map { $0.verdict(jobs) }
    while verdicts.contains(where: { !$0.faults.isEmpty }), ContinuousClock.now < deadline {
      try? await Task.sleep(for: .milliseconds(200))
      verdicts = hearings.map { $0.verdict(jobs) }
    }
    for (follower, verdict) in zip(followers, verdicts) {
      let standing = await follower.standing
      report.heard += verdict.heard
      report.unheard += verdict.unheard
      report.resets += standing.accounts.values.reduce(0) { $0 + $1.resets }
      report.faults += standing.faults
      report.faults += verdict.faults.map { "\(follower.way.rawValue): \($0)" }
    }
  }
}
