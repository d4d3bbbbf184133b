import FanfareActors
import FanfareRuntime

/// Watches what a store answers and tells for what must never be, whatever was asked: a lease of
/// two workers at once, an event that is missing or there twice, an end after the end.
package struct JobAudit: Sendable {
  private struct Life: Sendable {
    var state: JobState?
    var sequence: Int64 = 0
    var isEnded = false
    var token: Int64 = 0
    /// Until when its newest lease holds at least.
    var leasedUntil: MonotonicInstant?
    var isDeleted = false
  }

  private var lives: [JobID: Life] = [:]
  private var newest: Int64 = 0
  private var told: [String: Int64] = [:]
  private var outboxLast: Int64 = 0
  package private(set) var violations: [String] = []
  /// Answers and pieces of news that were looked at.
  package private(set) var checks = 0

  package init() {}

  /// The jobs that were accepted and not deleted.
  package var accepted: [JobID] { lives.filter { !$0.value.isDeleted }.keys.sorted() }

  private mutating func expect(_ condition: Bool, _ text: String) {
    checks += 1
    if !condition { violations.append(text) }
  }

  // MARK: Answers

  /// An answer that came at `now`.
  package mutating func answered(
    _ command: JobCommand, _ reply: JobReply, at now: MonotonicInstant
  ) {
    switch (command, reply) {
    case (_, .enqueued(let jobs)):
      for job in jobs where job.isNew { accept(job.id) }
    case (.startWorkflow, .workflow(let workflow)):
      for id in workflow.jobs where lives[id] == nil { accept(id) }
    case (_, .leased(let leases, _)):
      for lease in leases { begin(lease, now) }
    case (.heartbeat(_, let claims), .renewed(let renewal)):
      for claim in claims where !renewal.lost.contains(claim.job) {
        renew(claim, renewal.lease, now)
      }
    case (.progress(let claim, _), .kept(let standing)),
      (.checkpoint(let claim, _), .kept(let standing)), (.log(let claim, _), .kept(let standing)):
      renew(claim, standing.lease, now)
    case (.succeed(let claim, _, _), .state), (.fail(let claim, _), .state),
      (.release(let claim), .state):
      if lives[claim.job]?.token == claim.token.number { lives[claim.job]?.leasedUntil = nil }
    case (_, .outbox(let entries)): check(entries)
    default: break
    }
  }

  private mutating func accept(_ id: JobID) {
    expect(id.number > newest, "\(id) was made after \(newest)")
    newest = max(newest, id.number)
    if lives[id] == nil { lives[id] = Life() }
  }

  private mutating func begin(_ lease: LeasedJob, _ now: MonotonicInstant) {
    let id = lease.job.id
    let life = lives[id] ?? Life()
    expect(lives[id] != nil, "\(id) was leased and never accepted")
    expect(
      lease.token.number == life.token + 1, "\(id) has token \(lease.token) after \(life.token)")
    if let until = life.leasedUntil {
      expect(until <= now, "\(id) has two leases: \(lease.token) and the one before it")
    }
    lives[id]?.token = lease.token.number
    lives[id]?.leasedUntil = now + lease.lease
  }

  private mutating func renew(
    _ claim: LeaseClaim, _ lease: Duration, _ now: MonotonicInstant
  ) {
    let token = lives[claim.job]?.token
    expect(token == claim.token.number, "\(claim) was renewed, the newest is \(token ?? 0)")
    lives[claim.job]?.leasedUntil = now + lease
  }

  /// Keys of the outbox have no holes and come in their order.
  private mutating func check(_ entries: [OutboxEntry]) {
    for entry in entries where entry.number > outboxLast {
      outboxLast = entry.number
      guard let colon = entry.key.lastIndex(of: ":"),
        let number = Int64(entry.key[entry.key.index(after: colon)...])
      else {
        expect(false, "the outbox has a key \(entry.key)")
        continue
      }
      let name = String(entry.key[..<colon])
      let last = told[name] ?? number - 1
      expect(number == last + 1, "\(entry.key) follows \(last)")
      told[name] = number
    }
  }

  // MARK: News

  /// What was told, in its order.
  package mutating func heard(_ news: [JobNews]) {
    for piece in news {
      for move in piece.transitions { follow(move) }
      for event in piece.events { follow(event) }
    }
  }

  private mutating func follow(_ move: JobTransition) {
    let known = lives[move.job]?.state
    if lives[move.job] == nil { lives[move.job] = Life() }
    expect(move.from == known, "\(move.job) went from \(string(move.from)), was \(string(known))")
    lives[move.job]?.state = move.to
    if move.to == nil { lives[move.job]?.isDeleted = true }
    if move.cause == .retried { lives[move.job]?.isEnded = false }
    if case .some(.running) = move.from { lives[move.job]?.leasedUntil = nil }
    if case .some(.succeeded) = move.from {
      expect(move.to == nil, "\(move.job) goes on after it succeeded")
    }
  }

  private func string(_ state: JobState?) -> String { state.map { "\($0)" } ?? "nothing" }

  private mutating func follow(_ event: JobEvent) {
    let life = lives[event.job] ?? Life()
    expect(
      event.sequence == life.sequence + 1,
      "event \(event.sequence) of \(event.job) follows \(life.sequence)")
    expect(
      !life.isEnded, "\(event.kind) of \(event.job) follows its end")
    lives[event.job]?.sequence = event.sequence
    lives[event.job]?.isEnded = event.kind.isTerminal
  }

  /// The process of the store has ended, and another begun: leases hold for another period.
  package mutating func restarted(at now: MonotonicInstant, lease: Duration) {
    for id in accepted where lives[id]?.leasedUntil != nil {
      lives[id]?.leasedUntil = now + lease
    }
  }
}
