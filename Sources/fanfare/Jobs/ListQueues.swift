import ArgumentParser
import FanfareServer

/// `fanfare jobs queues`.
struct ListQueues: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "queues",
    abstract: "List the queues: what is in them, their oldest job, their workers.",
    discussion: """
      EXAMPLES:
        fanfare jobs queues
        fanfare jobs queues --json | jq 'select(.counts.dead > 0) | .queue'
      """)

  @OptionGroup var options: JobsOptions

  func run() async throws {
    try await options.talk { jobs in
      let queues = try await QueueText.queues(jobs)
      if options.json {
        for queue in queues { try JobsOptions.printJSON(queue) }
      } else {
        try JobsOptions.print(bytes: Array(QueueText.table(queues).utf8))
      }
    }
  }
}
