import FanfareActors
import FanfareRuntime
import Logging

/// The workers in this process: one for each queue for whose jobs there is a handler.
final class LocalWorkers: Sendable {
  /// What is done here, and for which queue.
  typealias Tasks = [QueueName: [TaskName: LocalTask]]

  private let workers: [LocalWorker]
  private let programs: Programs?

  /// - Parameters:
  ///   - name: tells these workers from those of other nodes.
  ///   - programs: what runs the programs of tasks, where there are any.
  init(
    _ tasks: Tasks, of jobs: JobsNode, name: String, limits: Limits, programs: Programs?,
    logger: Logger
  ) {
    self.programs = programs
    workers = tasks.sorted { $0.key < $1.key }.enumerated().compactMap { index, entry in
      guard let pool = jobs.pool(for: entry.key), let name = WorkerName("\(name).\(index)") else {
        return nil
      }
      return LocalWorker(
        name, tasks: entry.value, pool: pool, store: jobs.store, limits: limits, on: pool.loop,
        logger: logger)
    }
  }

  /// Begins to work.
  func start() async {
    for worker in workers { await worker.start() }
  }

  /// Takes no more jobs, lets those that run end for as long as `window`, then gives them back. The
  /// pools are drained by then.
  func drain(within window: Duration) async {
    await withTaskGroup(of: Void.self) { group in
      for worker in workers { group.addTask { await worker.drain(within: window) } }
    }
    await programs?.stop()
  }

  /// Handlers that run on although nobody waits for them.
  var abandoned: Int {
    get async {
      var sum = 0
      for worker in workers { sum += await worker.abandoned }
      return sum
    }
  }
}
