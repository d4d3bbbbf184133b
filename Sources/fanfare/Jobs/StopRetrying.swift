import ArgumentParser
import FanfareServer

/// `fanfare jobs dead stop`.
struct StopRetrying: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stop",
    abstract: "End what 'fanfare jobs dead retry' began; the jobs that are left stay dead.",
    discussion: """
      EXAMPLES:
        fanfare jobs dead stop agent_queue
      """)

  @Argument(help: "The queue.")
  var queue: String

  @OptionGroup var options: JobsOptions

  func run() async throws {
    try await options.talk { jobs in
      let answer = try await jobs.delete(["queues", queue, "dead", "retry"])
      if options.json {
        if let answer { try JobsOptions.printJSON(answer) }
      } else {
        JobsOptions.tell("stopped; \(JobsOptions.count(answer?.int("left") ?? 0)) left dead")
      }
    }
  }
}
