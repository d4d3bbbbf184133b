import FanfareActors
import FanfareRuntime

/// What operators, and those who asked for jobs, do to them.
extension JobCore {
  func cancel(_ id: JobID) throws -> JobReply {
    guard let record = try file.job(id) else { throw JobRefusal.noSuchJob }
    switch record.job.cancelling(at: group.now) {
    case .over(let state): throw JobRefusal.over(state)
    case .moved(let move):
      try apply(move, to: record)
      return .state(.cancelled)
    case .asked(let job):
      if !record.job.isCancelRequested {
        try askToStop(job)
        if let place = job.workflow { try cancelSteps(after: place) }
      }
      return .state(.running)
    }
  }

  func retry(_ id: JobID, _ arguments: [UInt8]?) throws -> JobReply {
    guard let record = try file.job(id) else { throw JobRefusal.noSuchJob }
    guard let move = record.job.retried(arguments) else {
      throw JobRefusal.notOver(record.job.state)
    }
    // A step that ran before the one whose result it is for would leave the others waiting.
    if let place = record.job.workflow, let before = try file.step(before: place),
      before.state != .succeeded
    {
      throw JobRefusal.stepBefore(before.id)
    }
    try apply(move, to: record)
    return .state(.queued)
  }

  func pause(_ queue: QueueName, _ isPaused: Bool) throws -> JobReply {
    guard settings.queues[queue] != nil else { throw JobRefusal.noSuchQueue(queue) }
    if !isPaused { group.tellReady(queue) }
    guard books.notes.paused.contains(queue) != isPaused else { return .done(0) }
    try file.setPaused(queue, isPaused)
    if isPaused {
      books.notes.paused.insert(queue)
    } else {
      books.notes.paused.remove(queue)
    }
    return .done(1)
  }

  // MARK: Dead jobs

  /// Jobs that one command deletes, or retries at once.
  private static let purgedMax = 10_000
  /// Jobs that are retried in one transaction, where there is a pace.
  private static let redrivenMax = 100

  func purge(_ queue: QueueName, _ filter: JobFilter) throws -> JobReply {
    guard settings.queues[queue] != nil else { throw JobRefusal.noSuchQueue(queue) }
    let dead = try file.dead(queue, filter, max: Self.purgedMax)
    for id in dead {
      if let record = try file.job(id) { try remove(record) }
    }
    return .done(dead.count)
  }

  func redrive(
    _ queue: QueueName, _ filter: JobFilter, _ perSecond: Double?
  ) throws -> JobReply {
    guard settings.queues[queue] != nil else { throw JobRefusal.noSuchQueue(queue) }
    let count = try file.insertRedrive(queue, filter, perSecond: perSecond)
    books.notes.redrives[queue] = nil
    guard count > 0 else { return .done(0) }
    books.notes.redrives[queue] = JobBooks.Redrive(
      perSecond: perSecond, left: count, next: group.instant)
    try redriveDead()
    return .done(count)
  }

  func stopRedrive(_ queue: QueueName) throws -> JobReply {
    guard settings.queues[queue] != nil else { throw JobRefusal.noSuchQueue(queue) }
    guard let redrive = books.notes.redrives.removeValue(forKey: queue) else { return .done(0) }
    try file.deleteRedrive(queue)
    return .done(redrive.left)
  }

  /// Retries those dead jobs whose turn has come.
  func redriveDead() throws {
    for queue in books.notes.redrives.keys.sorted() {
      guard var redrive = books.notes.redrives[queue], redrive.next <= group.instant else {
        continue
      }
      let count: Int
      if let perSecond = redrive.perSecond, perSecond > 0 {
        let period = Duration.seconds(1 / perSecond)
        let late = max(.zero, group.instant - redrive.next)
        count = min(Self.redrivenMax, 1 + Int(min(late / period, 1e6)))
        redrive.next = max(redrive.next + period * count, group.instant)
      } else {
        count = Self.purgedMax
        redrive.next = group.instant
      }
      let ids = try file.takeRedrive(queue, max: count)
      for id in ids {
        guard let record = try file.job(id), let move = record.job.retried(nil) else { continue }
        if case .dead = record.job.state { try apply(move, to: record) }
      }
      redrive.left -= ids.count
      books.notes.redrives[queue] = redrive.left > 0 && ids.count == count ? redrive : nil
    }
  }
}
