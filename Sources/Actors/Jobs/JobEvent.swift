/// What can happen to a job that others want to hear of.
public enum JobEventKind: String, Sendable, CaseIterable, Hashable {
  case queued, started, progress, checkpoint, failed, retrying, succeeded, dead, cancelled

  /// The type of its event unless the job says otherwise: `job_progress`.
  package var type: String { "job_" + rawValue }

  private static let types = Dictionary(
    uniqueKeysWithValues: allCases.map { ($0, EventType($0.type)) })

  /// ``type``, which keeps the rule of types.
  package var eventType: EventType? { Self.types[self] ?? nil }

  /// Whether it is the last event of a job, unless somebody retries that.
  package var isTerminal: Bool {
    switch self {
    case .succeeded, .dead, .cancelled: true
    case .queued, .started, .progress, .checkpoint, .failed, .retrying: false
    }
  }
}

/// An entry of a job's own list of events.
package struct JobEvent: Sendable, Equatable {
  package let job: JobID
  /// 1 for its first; each one greater by 1.
  package let sequence: Int64
  package let kind: JobEventKind
  /// Milliseconds since 1970.
  package let time: Int64
  /// One JSON object.
  package let data: [UInt8]

  /// An entry as it was stored.
  package init(job: JobID, sequence: Int64, kind: JobEventKind, time: Int64, data: [UInt8]) {
    self.job = job
    self.sequence = sequence
    self.kind = kind
    self.time = time
    self.data = data
  }
}

/// What is to be published once, in order, and whatever happens between.
package struct OutboxEntry: Sendable, Equatable {
  /// Grows; the order in which a channel gets them.
  package let number: Int64
  package let channel: ChannelName
  package let type: EventType
  /// One JSON value.
  package let data: [UInt8]
  /// Makes a second publish of it harmless: `job:<id>:<sequence>` or `workflow:<id>:<sequence>`.
  package let key: String

  /// An entry as it was stored.
  package init(
    number: Int64, channel: ChannelName, type: EventType, data: [UInt8], key: String
  ) {
    self.number = number
    self.channel = channel
    self.type = type
    self.data = data
    self.key = key
  }
}

/// Writes what events say. The store calls it on its loop, inside the transaction that the event
/// belongs to.
package protocol JobEventWriter: Sendable {
  /// The data of an event of `job`, which is as it will be stored. One JSON object with `job`,
  /// `task`, `queue`, `attempt` and what belongs to the kind.
  func data(of kind: JobEventKind, _ job: Job) -> [UInt8]

  /// The data of `workflow_update`.
  func data(of workflow: Workflow, message: String, at time: Int64) -> [UInt8]
}
