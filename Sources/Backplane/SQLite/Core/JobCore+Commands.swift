import FanfareActors
import FanfareRuntime

extension JobCore {
  /// Does one command, within a group. A refusal comes before anything is written.
  func perform(_ command: JobCommand) throws -> JobReply {
    switch command {
    case .enqueue(let drafts, let key): return try enqueue(drafts, key)
    case .startWorkflow(let drafts, let key): return try startWorkflow(drafts, key)
    case .cancel(let job): return try cancel(job)
    case .cancelWorkflow(let workflow): return try cancelWorkflow(workflow)
    case .retry(let job, let arguments): return try retry(job, arguments)
    case .lease(let queue, let worker, let tasks, let max):
      return try lease(queue, worker, tasks, max: max)
    case .heartbeat(_, let claims): return try heartbeat(claims)
    case .progress(let claim, let progress): return try self.progress(claim, progress)
    case .checkpoint(let claim, let data): return try checkpoint(claim, data)
    case .log(let claim, let bytes): return try log(claim, bytes)
    case .succeed(let claim, let result, let usage): return try succeed(claim, result, usage)
    case .fail(let claim, let failure): return try fail(claim, failure)
    case .release(let claim): return try release(claim)
    case .job(let job): return try look(job)
    case .jobs(let filter, let before, let max, let isBrief):
      return .jobs(try list(filter, before: before, max: max, isBrief: isBrief))
    case .events(let job, let after, let max): return try events(job, after: after, max: max)
    case .readLog(let job):
      guard try file.hasJob(job) else { throw JobRefusal.noSuchJob }
      return .log(try file.log(of: job, max: settings.logBytesMax))
    case .workflow(let id):
      guard let workflow = try file.workflow(id) else { throw JobRefusal.noSuchWorkflow }
      return .workflow(workflow.workflow)
    case .steps(let workflow): return .steps(try file.steps(of: workflow))
    case .queues: return try queues()
    case .pause(let queue): return try pause(queue, true)
    case .resume(let queue): return try pause(queue, false)
    case .redrive(let queue, let filter, let perSecond):
      return try redrive(queue, filter, perSecond)
    case .stopRedrive(let queue): return try stopRedrive(queue)
    case .purge(let queue, let filter): return try purge(queue, filter)
    case .outbox(let after, let max): return .outbox(try file.outbox(after: after, max: max))
    case .published(let through): return .done(try file.deleteOutbox(through: through))
    }
  }
}
