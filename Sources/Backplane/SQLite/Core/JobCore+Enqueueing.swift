import FanfareActors
import FanfareRuntime

/// Making jobs.
extension JobCore {
  func enqueue(_ drafts: [JobDraft], _ key: JobRequestKey?) throws -> JobReply {
    if let key, let earlier = try file.request(key.name, at: group.now) {
      guard earlier.fingerprint == key.fingerprint, earlier.workflow == nil else {
        throw JobRefusal.keyMismatch
      }
      return .enqueued(
        try earlier.jobs.map { id, state in
          let now = try file.job(id)?.job.state
          return EnqueuedJob(id: id, state: now ?? state, isNew: false)
        })
    }
    try admit(drafts)
    var made: [EnqueuedJob] = []
    for draft in drafts {
      if let name = draft.key, let holder = try file.holder(of: name, draft.queue, group.now) {
        made.append(EnqueuedJob(id: holder.id, state: holder.state, isNew: false))
      } else {
        let job = try make(draft, isWaiting: false).job
        made.append(EnqueuedJob(id: job.id, state: job.state, isNew: true))
      }
    }
    if let key {
      try keep(key, made.map { ($0.id, $0.state) }, nil)
    }
    return .enqueued(made)
  }

  /// Keeps what was answered to a request.
  func keep(
    _ key: JobRequestKey, _ jobs: [(JobID, JobState)], _ workflow: WorkflowID?
  ) throws {
    let expires = group.now.later(by: JobRequestKey.lifetime)
    try file.insertRequest(key, jobs: jobs, workflow: workflow, until: expires)
    noteRemoval(at: expires)
  }

  /// Refuses what cannot be made, before anything of it is.
  func admit(_ drafts: [JobDraft]) throws {
    for draft in drafts where settings.queues[draft.queue] == nil {
      throw JobRefusal.noSuchQueue(draft.queue)
    }
    guard books.tallies.total + drafts.count <= settings.jobsMax else {
      throw JobRefusal.tooManyJobs
    }
  }

  func nextNumber() -> Int64 {
    books.notes.id = JobID.next(after: books.notes.id, at: group.now)
    return books.notes.id
  }

  /// Makes one job.
  func make(
    _ draft: JobDraft, step: WorkflowStep? = nil, isWaiting: Bool
  ) throws -> JobRecord {
    let id = try JobRecord.id(nextNumber())
    var (job, events) = Job.made(
      id, from: draft, queueSettings(draft.queue), isWaiting: isWaiting, at: group.now)
    job.workflow = step
    var record = JobRecord(job)
    for kind in events { try tell(kind, of: &record) }
    try file.insert(record)
    books.tallies.change(LaneName(job), from: nil, to: job.state)
    if job.state == .queued {
      books.lanes.insert(job)
      group.tellReady(job.queue)
    }
    if let time = job.nextAt { books.notes.nextDue = min(books.notes.nextDue ?? time, time) }
    group.news.transitions.append(
      JobTransition(
        job: job.id, queue: job.queue, task: job.task, from: nil, to: job.state,
        cause: .enqueued, attempt: 0, worker: nil, lasted: .zero, rateKey: job.rateKey))
    return record
  }
}
