import FanfareActors
import FanfareRuntime

/// Forgetting what has been kept for long enough.
extension JobCore {
  /// Jobs that one transaction deletes because of their age.
  private static let removedMax = 500
  /// At least so long passes between two looks for what is old.
  private static let removalPause: Int64 = 100

  func noteRemoval(at time: Int64) {
    books.notes.nextRemoval = min(books.notes.nextRemoval ?? time, time)
  }

  /// Deletes a job with all that is its own.
  func remove(_ record: JobRecord) throws {
    let job = record.job
    try file.delete(job.id)
    books.tallies.change(LaneName(job), from: job.state, to: nil)
    group.news.transitions.append(
      JobTransition(
        job: job.id, queue: job.queue, task: job.task, from: job.state, to: nil, cause: .deleted,
        attempt: job.attempt, worker: nil,
        lasted: .milliseconds(max(0, group.now - record.changed)), rateKey: job.rateKey))
  }

  func removeOld() throws {
    guard let next = books.notes.nextRemoval, next < group.now else { return }
    let before = group.now.later(by: .zero - settings.retention)
    var room = Self.removedMax
    for queue in books.tallies.queues.sorted() {
      for state in JobState.overWords where room > 0 {
        let old = try file.old(queue, state, before: before, max: room)
        for record in old { try remove(record) }
        room -= old.count
      }
    }
    try file.deleteWorkflows(before: before, max: Self.removedMax)
    try file.deleteRequests(at: group.now, max: Self.removedMax)
    try findNextRemoval()
  }

  func findNextRemoval() throws {
    var next = try file.nextRequestEnd()
    func consider(_ finished: Int64?) {
      guard let time = finished?.later(by: settings.retention) else { return }
      next = min(next ?? time, time)
    }
    for queue in books.tallies.queues {
      for state in JobState.overWords { consider(try file.oldest(queue, state)) }
    }
    consider(try file.oldestWorkflow())
    books.notes.nextRemoval = next.map { max($0, group.now + Self.removalPause) }
  }
}

extension JobState {
  static let overWords = ["succeeded", "dead", "cancelled"]
}
