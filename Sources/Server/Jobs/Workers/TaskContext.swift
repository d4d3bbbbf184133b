import FanfareActors
import FanfareRuntime
import FoundationEssentials

/// What a ``TaskHandler`` knows of its job, and how it speaks of it. Any thread.
public final class TaskContext: Sendable {
  /// The bytes of what is said with progress.
  private static let messageBytesMax = 1_000

  /// What waits to be stored.
  struct Reports {
    var progress: JobProgress?
    var log = LogBuffer()
    var checkpoint: [UInt8]?
    var usage: JobUsage?
    /// Whether the worker knows that something waits.
    var isNoticed = false
  }

  /// The job's id.
  public let job: String
  /// The attempt that this is; 1 for the first.
  public let attempt: Int
  let claim: LeaseClaim
  let limits: Limits
  private let input: [UInt8]?
  private let checkpoint = Locked<[UInt8]?>(nil)
  private let reports = Locked(Reports())
  private let interruption = Locked<Interruption?>(nil)
  private let worker: LocalWorker

  init(_ leased: LeasedJob, _ worker: LocalWorker, _ limits: Limits) {
    self.limits = limits
    job = leased.job.id.description
    attempt = leased.job.attempt
    claim = LeaseClaim(job: leased.job.id, token: leased.token)
    input = leased.job.input
    self.worker = worker
    checkpoint.withLock { $0 = leased.job.checkpoint }
  }

  // MARK: What it is told

  /// Whether it is to stop: the job was cancelled, is another's by now, has run out of time, or the
  /// process is about to end. Its task is cancelled too.
  public var isCancelled: Bool { interruption.withLock { $0 } != nil }

  /// What the step before it in its workflow came to; `nil` where there is none.
  public func input<Input: Decodable>(as type: Input.Type = Input.self) throws -> Input? {
    try input.map { try JSONDecoder().decode(type, from: Data($0)) }
  }

  /// What an earlier attempt, or this one, wanted to find again; `nil` where there is nothing.
  public func checkpoint<State: Decodable>(as type: State.Type = State.self) throws -> State? {
    try checkpoint.withLock { $0 }.map { try JSONDecoder().decode(type, from: Data($0)) }
  }

  // MARK: What it tells

  /// Tells how far the job is. The newest counts where they come fast; those who follow hear of it
  /// at most ten times a second.
  public func progress(_ current: Double, of total: Double? = nil, message: String? = nil) {
    progress(JobProgress(current: current, total: total, message: message))
  }

  /// Appends a line to the job's log, of which the newest are kept.
  public func log(_ line: String) {
    report { $0.log.append(OutputLines.Line(bytes: Array(line.utf8))) }
  }

  /// Tells what the attempt has used up so far; the last word counts. `tokens` settle the budget of
  /// the job's rate key.
  public func usage(tokens: Int? = nil, cost: Double? = nil, duration: Duration? = nil) {
    usage(JobUsage(tokens: tokens, cost: cost, duration: duration?.inSeconds))
  }

  /// Keeps `state` for a later attempt, should this one be interrupted. It is stored when this
  /// returns.
  ///
  /// - Throws: `CancellationError` when the job is another's by now; ``TaskFailure`` when it cannot
  ///   be stored.
  public func checkpoint(_ state: some Encodable & Sendable) async throws {
    try await keep(Array(try JSONEncoder().encode(state)))
  }

  // MARK: Inside

  func usage(_ usage: JobUsage) { report { $0.usage = usage } }

  func log(_ lines: [OutputLines.Line]) {
    report { reports in for line in lines { reports.log.append(line) } }
  }

  /// Numbers that are none tell nothing.
  func progress(_ progress: JobProgress) {
    guard progress.current.isFinite, progress.total?.isFinite ?? true else { return }
    var progress = progress
    if let message = progress.message, message.utf8.count > Self.messageBytesMax {
      progress.message = String(
        decoding: message.utf8.prefix(Self.messageBytesMax), as: UTF8.self)
    }
    report { $0.progress = progress }
  }

  func keep(_ state: [UInt8]) async throws {
    guard state.count <= limits.jobCheckpointBytesMax else {
      throw TaskFailure.final(
        "its checkpoint has more than \(limits.jobCheckpointBytesMax) bytes")
    }
    checkpoint.withLock { $0 = state }
    try await worker.checkpoint(claim, state)
  }

  /// As ``keep(_:)``, for one who does not wait until it is stored. The newest counts.
  func keepSoon(_ state: [UInt8]) {
    guard state.count <= limits.jobCheckpointBytesMax else {
      return log("a checkpoint has more than \(limits.jobCheckpointBytesMax) bytes and is not kept")
    }
    report { $0.checkpoint = state }
  }

  private func report(_ change: (inout Reports) -> Void) {
    let isFirst = reports.withLock { reports in
      change(&reports)
      defer { reports.isNoticed = true }
      return !reports.isNoticed
    }
    guard isFirst else { return }
    // Refused by a loop whose inbox is full: the next report tries again.
    if !worker.notice(claim) { reports.withLock { $0.isNoticed = false } }
  }

  /// What waits; it is told of anew from now on.
  func takeReports() -> [JobCommand] {
    reports.withLock { reports in
      reports.isNoticed = false
      var commands: [JobCommand] = []
      if let progress = reports.progress { commands.append(.progress(claim, progress)) }
      if let state = reports.checkpoint { commands.append(.checkpoint(claim, state)) }
      if !reports.log.isEmpty { commands.append(.log(claim, reports.log.take())) }
      reports.progress = nil
      reports.checkpoint = nil
      return commands
    }
  }

  /// Whether something waits of which the worker was told.
  var hasReports: Bool { reports.withLock { $0.isNoticed } }

  var finalUsage: JobUsage? { reports.withLock { $0.usage } }

  /// Why it is to stop.
  func interrupt(_ reason: Interruption) { interruption.withLock { $0 = reason } }

  /// How long a program has between the wish that it ends and its end.
  var killDelay: Duration {
    interruption.withLock { $0 }.map(\.killDelay) ?? Interruption.cancelled.killDelay
  }
}

/// Why a job's handler is to stop before it is done.
enum Interruption: Sendable, Equatable {
  /// Somebody wants it cancelled.
  case cancelled
  /// It is another's by now, or over.
  case lost
  case timedOut(Duration)
  /// The process is about to end.
  case shutdown

  /// How long a program has to end by itself.
  var killDelay: Duration {
    switch self {
    case .cancelled, .lost, .timedOut: .seconds(10)
    case .shutdown: .seconds(2)
    }
  }

  /// How long a handler has to return.
  var patience: Duration { killDelay + .seconds(5) }
}
