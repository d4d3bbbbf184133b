import FanfareActors
import FanfareRuntime

extension Settings {
  /// Checks what could not work of jobs.
  func validateJobs() throws(SettingsError) {
    if jobs.store == .sqlite, backplane == .redis, !jobs.onlyHere {
      throw SettingsError(
        "jobs.store", value: "sqlite",
        problem: "keeps jobs where the other nodes of the cluster cannot find them",
        remedy: "allowed: off, or jobs.only-here: true where all other nodes have jobs.store: off")
    }
    for (name, queue) in queues.sorted(by: { $0.key < $1.key }) {
      try require(
        queue.retry.cap >= queue.retry.base, "queues.\(name).retry.cap",
        "at least queues.\(name).retry.base, which is \(DurationText.text(queue.retry.base))")
    }
    for (name, task) in tasks.sorted(by: { $0.key < $1.key }) {
      let queue = QueueName(task.queue)
      try require(
        queue.map { queues[$0] != nil } == true, "tasks.\(name).queue",
        queues.keys.sorted().map(\.text).joined(separator: ", "), problem: "is not a queue")
      do {
        try task.validate()
      } catch {
        throw SettingsError(
          "tasks.\(name).\(error.member)", problem: error.problem,
          remedy: "allowed: \(error.allowed)")
      }
    }
  }
}
