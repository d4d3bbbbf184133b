import ArgumentParser
import FanfareServer

/// `fanfare jobs list`.
struct ListJobs: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "List jobs, the newest first.",
    discussion: """
      The states: scheduled, waiting, queued, running, retrying, succeeded, dead, cancelled.

      EXAMPLES:
        fanfare jobs list
        fanfare jobs list --queue agent_queue --state running
        fanfare jobs list --task clone --limit 1000 --json | jq -r .id
      """)

  @Option(help: "Only of this queue.")
  var queue: String?

  @Option(help: "Only in this state.")
  var state: String?

  @Option(help: "Only of this task.")
  var task: String?

  @Option(help: ArgumentHelp("Only steps of this workflow.", valueName: "id"))
  var workflow: String?

  @OptionGroup var part: JobsPart

  @OptionGroup var options: JobsOptions

  func run() async throws {
    try await options.talk { jobs in
      try await JobPages(
        path: ["jobs"],
        query: [("queue", queue), ("state", state), ("task", task), ("workflow", workflow)],
        part: part, json: options.json
      ).print(from: jobs)
    }
  }
}
