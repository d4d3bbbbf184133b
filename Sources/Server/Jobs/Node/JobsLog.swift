import FanfareActors
import FanfareRuntime
import Logging

/// Writes what happens to jobs as log lines: one for each step of a job's life.
struct JobsLog: Sendable {
  private let logger: Logger

  init(_ logger: Logger) {
    self.logger = logger
  }

  func write(_ news: JobNews) {
    StandardError.gathering {
      for transition in news.transitions { write(transition) }
    }
    if news.fencedWrites > 0 {
      logger.info(
        "writes under a lost lease were refused", metadata: ["writes": "\(news.fencedWrites)"])
    }
  }

  private func write(_ transition: JobTransition) {
    let (level, message) = Self.line(for: transition)
    // Most are not worth a line, and nothing is made of those.
    guard level >= logger.logLevel else { return }
    var metadata: Logger.Metadata = [
      "job": .string(transition.job.description), "queue": .string(transition.queue.text),
      "task": .string(transition.task.text),
    ]
    // Of most steps there is but one.
    if transition.to != .succeeded { metadata["cause"] = .string(transition.cause.rawValue) }
    if transition.attempt > 0 { metadata["attempt"] = .string(String(transition.attempt)) }
    if let worker = transition.worker { metadata["worker"] = .string(worker.text) }
    if case .dead(let reason) = transition.to { metadata["reason"] = .string(reason.rawValue) }
    if transition.from != nil { metadata["seconds"] = "\(transition.lasted.inSeconds)" }
    logger.log(level: level, message, metadata: metadata)
  }

  private static func line(
    for transition: JobTransition
  ) -> (Logger.Level, Logger.Message) {
    let isLost = transition.cause == .crashed || transition.cause == .timedOut
    switch transition.to {
    case .scheduled: return (.debug, "job scheduled")
    case .waiting: return (.debug, "job waits for another")
    case .queued: return isLost ? (.warning, "job lost its worker") : (.debug, "job queued")
    case .running: return (.debug, "job started")
    case .retrying:
      return isLost ? (.warning, "job lost its worker") : (.info, "job is tried again later")
    case .succeeded: return (.info, "job succeeded")
    case .dead: return (.warning, "job is dead")
    case .cancelled: return (.info, "job cancelled")
    case nil: return (.debug, "job deleted")
    }
  }

  /// The store can write no more, or can again; each is said once.
  func write(fault: String, before: String?) {
    if fault.isEmpty {
      if before != nil { logger.notice("jobs can be stored again") }
    } else if before == nil {
      logger.error("jobs cannot be stored; none is accepted", metadata: ["reason": "\(fault)"])
    }
  }
}
