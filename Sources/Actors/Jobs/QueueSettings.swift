/// How the jobs of one queue are handed out. What is out of bounds is refused when the settings are
/// validated.
public struct QueueSettings: Sendable, Equatable {
  /// Leases that one worker may hold for each job it runs at once; 1 takes none in advance. 1 to
  /// 10,000.
  ///
  /// The default is 4.
  public var prefetch = 4
  /// Jobs that one worker runs at once; 1 to 10,000.
  ///
  /// The default is 4.
  public var concurrency = 4
  /// Jobs that all workers together may have at once; 1 to 1,000,000.
  ///
  /// The default is no bound.
  public var runningMax: Int?
  /// How long a worker may be silent before its job is given to another; 100 ms to a
  /// day.
  ///
  /// The default is 30 seconds.
  public var lease = Duration.seconds(30)
  /// Failures after which a job is dead, unless the job says otherwise; 1 to 1,000.
  ///
  /// The default is 25.
  public var attempts = 25
  /// When a failed job is tried again.
  ///
  /// The default is what ``RetryPlan`` starts with.
  public var retry = RetryPlan()

  /// The settings that every queue starts with.
  public init() {}

  /// A queue with these.
  public init(prefetch: Int, concurrency: Int) {
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
