import FanfareActors
import FanfareRuntime

/// Handing out jobs.
extension JobCore {
  func lease(
    _ queue: QueueName, _ worker: WorkerName, _ tasks: [TaskName]?, max: Int
  ) throws -> JobReply {
    guard let settings = settings.queues[queue] else { throw JobRefusal.noSuchQueue(queue) }
    guard !books.notes.paused.contains(queue) else {
      return .leased([], rest: LeaseRest(left: 0, reason: .tasks))
    }
    let holder = LeaseBook.Holder(queue: queue, worker: worker)
    var room = min(max, settings.leasesPerWorkerMax - (books.leases.held[holder] ?? 0))
    if let runningMax = settings.runningMax {
      room = min(room, runningMax - books.tallies.count(queue, .running))
    }
    let tasks = tasks.map { Set($0) }
    var shut: Set<RateKey> = []
    var leased: [LeasedJob] = []
    let file = try file
    while leased.count < room {
      let first = try books.lanes.first(
        in: queue,
        where: { lane in
          (tasks?.contains(lane.task) ?? true) && !(lane.rateKey.map(shut.contains) ?? false)
        }, read: file.heads)
      guard let (lane, place) = first else { break }
      if let key = lane.rateKey {
        let wait = wait(for: key, cost: place.cost)
        guard wait == .zero else {
          shut.insert(key)
          wake(queue, after: wait)
          continue
        }
      }
      leased.append(try hand(place.job, of: lane, to: worker, settings))
    }
    let isBound = books.leases.held[holder] ?? 0 >= settings.leasesPerWorkerMax
    let reason = leased.count < max ? (isBound ? LeaseRest.Reason.bound : .tasks) : nil
    return .leased(leased, rest: LeaseRest(left: left(in: queue, settings), reason: reason))
  }

  /// The jobs that may be handed out at most, whoever asks.
  private func left(in queue: QueueName, _ settings: QueueSettings) -> Int {
    let room = settings.runningMax.map { max(0, $0 - books.tallies.count(queue, .running)) }
    return min(books.tallies.count(queue, .queued), room ?? .max)
  }

  private func hand(
    _ id: JobID, of lane: LaneName, to worker: WorkerName, _ settings: QueueSettings
  ) throws -> LeasedJob {
    guard let record = try file.job(id), let move = record.job.leased(by: worker, at: group.now),
      let token = LeaseToken(move.job.leases)
    else { throw JobFileFault.strange("the line of \(lane.task)") }
    if let key = lane.rateKey { take(record.job.cost, of: key) }
    let next = try apply(move, to: record)
    books.leases.set(id, try newLease(of: next))
    return LeasedJob(job: next.job, token: token, lease: settings.lease)
  }

  /// The lease of a running job that begins now.
  func newLease(of record: JobRecord) throws -> Lease {
    guard let token = LeaseToken(record.job.leases), let worker = record.job.worker else {
      throw JobFileFault.strange("a running job without a worker")
    }
    return Lease(
      token: token, queue: record.job.queue, worker: worker,
      deadline: group.instant + queueSettings(record.job.queue).lease,
      timesOut: record.job.timeout.map { group.instant + $0 }, isConfirmed: record.isConfirmed,
      isCancelRequested: record.job.isCancelRequested)
  }

  func wake(_ queue: QueueName, after wait: Duration) {
    let time = group.instant + wait
    books.notes.wakes[queue] = min(books.notes.wakes[queue] ?? time, time)
  }
}
