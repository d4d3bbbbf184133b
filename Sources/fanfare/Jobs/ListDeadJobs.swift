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

  @Option(help: ArgumentHelp("Only those made before this job.", valueName: "id"))
  var before: String?

  @Option(help: ArgumentHelp("At most so many: 1 to 100000.", valueName: "n"))
  var limit = 50

  @OptionGroup var options: JobsOptions

  func validate() throws {
    guard (1...100_000).contains(limit) else { throw ValidationError("--limit is 1 to 100000") }
  }

  func run() async throws {
    try await options.talk { jobs in
      try await JobPages(
        path: ["queues", queue, "dead"], cursor: "after", query: filter.query, before: before,
        limit: limit,
        json: options.json
      ).print(from: jobs)
    }
  }
}
