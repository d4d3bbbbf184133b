/// Does the jobs of one task in this process.
///
///     struct Thumbnail: TaskHandler {
///       struct Arguments: Decodable, Sendable { let image: String }
///       let task = "thumbnail"
///       func run(_ arguments: Arguments, _ context: TaskContext) async throws -> [String: Int] {
///         for step in 1...10 {
///           try await scale(arguments.image, step)
///           context.progress(Double(step), of: 10)
///         }
///         return ["width": 320]
///       }
///     }
///     try server.handle(Thumbnail(), in: "sync_queue")
///
/// It runs on Swift's shared pool of threads, never on a loop; several jobs at once, as the queue's
/// `concurrency` says. When its job is cancelled, lost or out of time its task is cancelled.
public protocol TaskHandler: Sendable {
  /// What a job brings: its `args`.
  associatedtype Arguments: Decodable & Sendable
  /// What it comes to: the job's `result`.
  associatedtype Result: Encodable & Sendable

  /// The name of the task.
  var task: String { get }

  /// How long one attempt may take, where the job itself does not say less.
  ///
  /// The default is no bound.
  var timeout: Duration? { get }

  /// Does one job.
  ///
  /// - Throws: ``TaskFailure`` to say what is to follow; anything else fails the attempt.
  func run(_ arguments: Arguments, _ context: TaskContext) async throws -> Result
}

extension TaskHandler {
  /// No bound.
  public var timeout: Duration? { nil }
}
