import FanfareActors

extension Problem {
  static let noSuchJob = Problem(
    404, "no-such-job", "There is no such job; one that is over is kept for jobs.retention.")

  static let noSuchWorkflow = Problem(
    404, "no-such-workflow",
    "There is no such workflow; one that is over is kept for jobs.retention.")

  static let jobsOff = Problem(
    404, "jobs-off",
    "This node keeps no jobs; jobs.store: sqlite in its configuration switches them on.")

  /// A store answered something else than it was asked.
  static let strangeReply = Problem(
    500, "jobs-fault", "The server made a mistake; nothing is wrong with the request.")

  static func noSuchQueue(_ queue: QueueName, among queues: [QueueName]) -> Problem {
    let names = queues.sorted().map(\.text)
    let nearest = NearestKey.nearest(to: queue.text, among: names)
    return Problem(
      404, "no-such-queue",
      nearest.map { "There is no such queue; did you mean \($0)?" }
        ?? "There is no such queue; the configuration has \(names.joined(separator: ", ")).")
  }

  /// What a client is told of a store's refusal.
  init(_ refusal: JobRefusal) {
    switch refusal {
    case .noSuchJob: self = .noSuchJob
    case .noSuchWorkflow: self = .noSuchWorkflow
    case .noSuchQueue(let queue): self = .noSuchQueue(queue, among: [])
    case .leaseLost:
      self.init(
        409, "lease-lost",
        "The lease is not yours any more: another worker has the job, or it is over. Drop it.")
    case .over(let state):
      self.init(409, "job-over", "It is over already: \(state.word).")
      extra = [("state", Array("\"\(state.word)\"".utf8))]
    case .notOver(let state):
      self.init(
        409, "job-not-over", "Only a dead or cancelled job can be retried; it is \(state.word).")
      extra = [("state", Array("\"\(state.word)\"".utf8))]
    case .stepBefore(let job):
      self.init(
        409, "step-not-reached",
        "The step before it (job \(job)) has not succeeded: retry that, and this follows.")
    case .keyMismatch:
      self.init(
        422, "key-reused",
        "This Idempotency-Key was used for another request; use a new key.")
    case .tooManyJobs:
      self.init(
        503, "too-many-jobs-not-accepted",
        "The store holds as many jobs as it may (limits.jobs); nothing was accepted.",
        retryAfterSeconds: 10)
    case .unavailable(let reason):
      self.init(
        503, "jobs-not-accepted", "Nothing was accepted: \(reason). Try again.",
        retryAfterSeconds: 2)
    }
  }
}
