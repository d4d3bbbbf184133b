import FanfareActors

/// What queued jobs have in common that decides who may have them: each lane is a line of its own.
struct LaneName: Hashable {
  let queue: QueueName
  let task: TaskName
  let rateKey: RateKey?

  init(queue: QueueName, task: TaskName, rateKey: RateKey?) {
    self.queue = queue
    self.task = task
    self.rateKey = rateKey
  }

  init(_ job: Job) {
    self.init(queue: job.queue, task: job.task, rateKey: job.rateKey)
  }
}

/// A job's place in its lane: those of greater priority come first, then those made first.
struct LanePlace: Comparable {
  let priority: Int
  let job: JobID
  /// What it takes of its rate key's budget.
  let cost: Int

  static func < (left: Self, right: Self) -> Bool {
    left.priority != right.priority ? left.priority > right.priority : left.job < right.job
  }
}
