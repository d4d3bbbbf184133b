import FanfareActors
import FoundationEssentials

/// Work that is asked for, to be done in the background; see ``FanfareServer/enqueue(_:key:)``.
///
///     var job = try NewJob("plan_issue", in: "agent_queue", ["issue": 1204])
///     job.channel = "project:42"
///     job.start = .after(.seconds(60))
///     try await server.enqueue(job)
///
/// What is out of bounds is refused when the job is enqueued.
public struct NewJob: Sendable, Equatable {
  /// When a job may begin.
  public enum Start: Sendable, Equatable {
    /// As soon as a worker has time.
    case now
    /// Not before so long has passed, in steps of 1 ms; at most 366 days.
    case after(Duration)
    /// Not before then, in steps of 1 ms; in the past is now.
    case at(Date)
  }

  /// What is to be done: by this name a worker finds its code.
  public let task: String
  /// Where it waits for a worker: one of the server's queues.
  public let queue: String
  /// What it is done with: one JSON value, carried byte for byte; at most `limits.job-args`.
  public let argumentsJSON: [UInt8]

  /// Where its events are published, besides its own list of them.
  public var channel: String?
  /// The types of its events on ``channel`` where they are not the usual ones (`job_progress`).
  public var eventTypes: [JobEventKind: EventType] = [:]
  /// No other job of the queue with this key is made until this one is over; 1 to 255 bytes.
  public var uniqueKey: String?
  /// Keeps ``uniqueKey`` taken for so long from now, even when the job is over before; at most 366
  /// days.
  public var uniqueFor: Duration?
  /// When it may begin.
  public var start = Start.now
  /// -100 to 100. The greater is handed out first, and among equals the older.
  public var priority = 0
  /// Failures after which it is dead, 1 to 1,000; as its queue says where there is none.
  public var attempts: Int?
  /// How long one attempt may take, more than 0 and at most 366 days; as long as its worker renews
  /// its lease where there is none.
  public var timeout: Duration?
  /// The budget that it draws on, shared with all jobs that name it; see
  /// ``Settings/subscript(budget:)``.
  public var rateKey: String?
  /// The units (tokens) that an attempt is expected to take of that budget; 0 to 1,000,000,000.
  public var cost = 0

  /// A job whose arguments are JSON already.
  ///
  /// - Parameter json: one JSON value.
  public init(_ task: String, in queue: String, json: String = "{}") {
    self.init(task, queue, Array(json.utf8))
  }

  /// A job of any worker, in this process or elsewhere.
  ///
  /// - Throws: ``JobsError/refused(_:)`` where `arguments` cannot be written as JSON.
  public init(
    _ task: String, in queue: String, _ arguments: some Encodable
  ) throws(JobsError) {
    self.init(task, queue, try Self.json(arguments, of: task))
  }

  /// A job that `handler` does, or one of its like in another process: the compiler checks that it
  /// gets what it takes.
  ///
  /// - Throws: ``JobsError/refused(_:)`` where `arguments` cannot be written as JSON.
  public init<Handler: TaskHandler>(
    for handler: Handler, in queue: String, _ arguments: Handler.Arguments
  ) throws(JobsError) where Handler.Arguments: Encodable {
    self.init(handler.task, queue, try Self.json(arguments, of: handler.task))
  }

  private init(_ task: String, _ queue: String, _ json: [UInt8]) {
    self.task = task
    self.queue = queue
    argumentsJSON = json
  }

  /// Equal values become equal bytes: a repeated call with the same key is known by them.
  static func json(
    _ value: some Encodable, of what: String
  ) throws(JobsError) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
      return Array(try encoder.encode(value))
    } catch {
      throw .refused("\(what): its arguments cannot be written as JSON: \(error)")
    }
  }
}
