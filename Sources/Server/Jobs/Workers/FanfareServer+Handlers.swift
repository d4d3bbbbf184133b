import FanfareActors
import FanfareRuntime

extension FanfareServer {
  /// Has jobs of `queue` done in this process, those of the handler's task. Before ``start()``.
  ///
  /// - Throws: ``ServerError/cannotHandle(_:)`` when there is no such queue, the task has a handler
  ///   or a program already, or the server has started.
  public func handle(_ handler: some TaskHandler, in queue: String) throws(ServerError) {
    guard let name = TaskName(handler.task) else {
      throw .cannotHandle("\(handler.task): a task has \(TaskName.rule)")
    }
    guard let queueName = QueueName(queue), settings.queues[queueName] != nil else {
      let queues = settings.queues.keys.sorted().map(\.text).joined(separator: ", ")
      throw .cannotHandle("\(name): no queue \(queue); there are \(queues)")
    }
    guard settings.tasks[name]?.queue != queue else {
      throw .cannotHandle("\(name): a program does it (tasks.\(name))")
    }
    guard !hasStarted else { throw .cannotHandle("\(name): the server has started") }
    let task = LocalTask(handler, named: name)
    let isFirst = handlers.withLock { tasks in
      guard tasks[queueName]?[name] == nil else { return false }
      tasks[queueName, default: [:]][name] = task
      return true
    }
    guard isFirst else { throw .cannotHandle("\(name): it has a handler in \(queue)") }
  }

  /// Begins to do jobs in this process, where it has handlers or programs for any.
  func startWorkers(
    of jobs: JobsNode?, _ identity: NodeIdentity
  ) async throws(ServerError) {
    guard let workers = try localWorkers(of: jobs, identity) else { return }
    jobs?.localWorkers.withLock { $0 = workers }
    await workers.start()
  }

  private func localWorkers(
    of jobs: JobsNode?, _ identity: NodeIdentity
  ) throws(ServerError) -> LocalWorkers? {
    var tasks = handlers.withLock { $0 }
    guard !tasks.isEmpty || !settings.tasks.isEmpty else { return nil }
    guard let jobs else {
      guard tasks.isEmpty else { throw .cannotStart("there are handlers, and jobs.store is off") }
      return nil
    }
    var programs: Programs?
    do {
      if !settings.tasks.isEmpty { programs = try Programs(settings.limits, logger: logger) }
      for (name, command) in settings.tasks {
        guard let programs, let queue = QueueName(command.queue) else { continue }
        tasks[queue, default: [:]][name] = LocalTask(
          command, try command.template(), named: name, programs)
      }
    } catch {
      throw .cannotStart("\(error)")
    }
    return LocalWorkers(
      tasks, of: jobs, name: "fanfare-\(identity.id)", limits: settings.limits,
      programs: programs, logger: logger)
  }
}
