import FanfareActors
import FanfareRuntime

/// The leases that are held now. What a transaction does to them can be undone.
struct LeaseBook {
  struct Holder: Hashable {
    let queue: QueueName
    let worker: WorkerName
  }

  private(set) var leases: [JobID: Lease] = [:]
  private(set) var held: [Holder: Int] = [:]
  /// What the transaction under way has replaced.
  private var before: [JobID: Lease?] = [:]
  private var looks = LookHeap()
  /// When jobs told their progress, of late.
  private var tellings: [JobID: MonotonicInstant] = [:]

  subscript(job: JobID) -> Lease? { leases[job] }

  /// Puts a lease in the place of another, or none.
  mutating func set(_ job: JobID, _ lease: Lease?) {
    if before[job] == nil { before[job] = .some(leases[job]) }
    replace(job, lease)
    // A renewal needs no new look: the old one comes first, and looks again.
    if let lease { looks.add(job, lease.nextLook) }
  }

  private mutating func replace(_ job: JobID, _ lease: Lease?) {
    if let old = leases[job] {
      let holder = Holder(queue: old.queue, worker: old.worker)
      let count = (held[holder] ?? 1) - 1
      held[holder] = count > 0 ? count : nil
    }
    if let lease {
      held[Holder(queue: lease.queue, worker: lease.worker), default: 0] += 1
    }
    leases[job] = lease
  }

  // MARK: Progress

  /// A job tells its progress now.
  mutating func told(_ job: JobID, at now: MonotonicInstant) {
    if tellings.count > 1_024 + leases.count {
      tellings = tellings.filter { now < $0.value + Lease.progressPeriod }
    }
    tellings[job] = now
  }

  /// When a job may tell its progress again.
  func nextTelling(_ job: JobID) -> MonotonicInstant? {
    tellings[job].map { $0 + Lease.progressPeriod }
  }

  // MARK: Transactions

  mutating func commit() {
    before = [:]
    if looks.count > 2 * leases.count + 1_024 { looks.rebuild(leases) }
  }

  mutating func rollBack() {
    for (job, lease) in before { replace(job, lease) }
    before = [:]
    looks.rebuild(leases)
  }

  /// When the next one has to be looked at.
  mutating func nextLook() -> MonotonicInstant? {
    while let (job, time) = looks.first {
      guard let lease = leases[job], lease.nextLook <= time else {
        looks.removeFirst()
        // It was renewed.
        if let lease = leases[job] { looks.add(job, lease.nextLook) }
        continue
      }
      return time
    }
    return nil
  }

  /// The next job that has to be looked at by `now`.
  mutating func takeLook(by now: MonotonicInstant) -> JobID? {
    guard let next = nextLook(), next <= now, let first = looks.first else { return nil }
    looks.removeFirst()
    return first.job
  }
}
