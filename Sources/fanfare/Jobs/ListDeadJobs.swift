import ArgumentParser
import FanfareServer

/// `fanfare jobs dead list`.
struct ListDeadJobs: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "List the dead jobs of a queue, the newest first.",
    discussion: """
      EXAMPLES:
        fanfare jobs dead list agent_queue
        fanfare jobs dead list agent_queue --error overloaded --json
      """)

  @Argument(help: "The queue.")
  var queue: String

  @OptionGroup var filter: DeadJobsFilter

  @OptionGroup var part: JobsPart

  @OptionGroup var options: JobsOptions

  func run() async throws {
    try await options.talk { jobs in
      try await JobPages(
        path: ["queues", queue, "dead"], cursor: "after", query: filter.query, part: part,
        json: options.json
      ).print(from: jobs)
    }
  }
}
