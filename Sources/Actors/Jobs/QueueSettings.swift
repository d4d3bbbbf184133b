/// How the jobs of one queue are handed out.
package struct QueueSettings: Sendable, Equatable {
  /// Leases that one worker may hold for each job it runs at once; 1 takes none in advance.
  ///
  /// The default is 4.
  package var prefetch = 4
  /// Jobs that one worker runs at once.
  ///
  /// The default is 4.
  package var concurrency = 4
  /// Jobs that all workers together may have at once.
  ///
  /// The default is no bound.
  package var runningMax: Int?
  /// How long a worker may be silent before its job is given to another.
  ///
  /// The default is 30 seconds.
  package var lease = Duration.seconds(30)
  /// Failures after which a job is dead, unless the job says otherwise.
  ///
  /// The default is 25.
  package var attempts = 25
  /// When a failed job is tried again.
  ///
  /// The default is what ``RetryPlan`` starts with.
  package var retry = RetryPlan()

  /// The settings that every queue starts with.
  package init() {}

  /// A queue with these.
  package init(prefetch: Int, concurrency: Int) {
    self.prefetch = prefetch
    self.concurrency = concurrency
  }

  /// Leases that one worker may hold.
  package var leasesPerWorkerMax: Int { prefetch * concurrency }

  /// The queues that are there unless the configuration names others.
  package static let usual: [QueueName: QueueSettings] = [
    QueueName(checked: "agent_queue"): QueueSettings(prefetch: 1, concurrency: 4),
    QueueName(checked: "git_queue"): QueueSettings(prefetch: 4, concurrency: 8),
    QueueName(checked: "sync_queue"): QueueSettings(prefetch: 4, concurrency: 4),
    QueueName(checked: "cicd_queue"): QueueSettings(prefetch: 4, concurrency: 4),
  ]
}
