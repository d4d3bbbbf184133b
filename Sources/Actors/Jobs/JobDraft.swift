/// A job as somebody asks for it. Checked by whoever reads it: sizes, names, ranges.
package struct JobDraft: Sendable, Equatable {
  package var queue: QueueName
  package var task: TaskName
  /// One JSON value.
  package var arguments: [UInt8]
  package var channel: ChannelName?
  package var eventTypes: [JobEventKind: EventType] = [:]
  /// See ``Job/key``.
  package var key: String?
  /// Keeps the key taken for so long from now, even when the job is over before.
  package var uniqueFor: Duration?
  /// Not before then.
  package var start: Start = .now
  /// -100 to 100.
  package var priority = 0
  /// Where there is none, the queue says.
  package var attempts: Int?
  package var timeout: Duration?
  package var rateKey: RateKey?
  package var cost = 0

  /// When a job may begin.
  package enum Start: Sendable, Equatable {
    case now
    case after(Duration)
    /// Milliseconds since 1970.
    case at(Int64)
  }

  /// Asks for `task` in `queue`.
  package init(queue: QueueName, task: TaskName, arguments: [UInt8]) {
    self.queue = queue
    self.task = task
    self.arguments = arguments
  }
}

/// Makes a repeated request harmless for 24 hours.
package struct JobRequestKey: Sendable, Equatable {
  /// How long the answer is kept.
  package static let lifetime = Duration.seconds(24 * 3_600)

  /// 1 to 255 bytes.
  package let name: String
  /// Tells another body under the same name.
  package let fingerprint: UInt64

  /// The key `name` of a request whose body has this fingerprint.
  package init(name: String, fingerprint: UInt64) {
    self.name = name
    self.fingerprint = fingerprint
  }
}

/// Which jobs are meant.
package struct JobFilter: Sendable, Equatable {
  package var queue: QueueName?
  /// One of ``JobState/words``.
  package var state: String?
  package var task: TaskName?
  /// Those whose newest error has this in it.
  package var errorText: String?
  package var workflow: WorkflowID?
  package var ids: [JobID]?

  /// All of them.
  package init() {}
}
