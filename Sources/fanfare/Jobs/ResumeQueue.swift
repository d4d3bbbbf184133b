import ArgumentParser
import FanfareServer

/// `fanfare jobs resume`.
struct ResumeQueue: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "resume",
    abstract: "Hand out the jobs of a paused queue again.",
    discussion: """
      EXAMPLES:
        fanfare jobs resume agent_queue
      """)

  @Argument(help: "The queue.")
  var queue: String

  @OptionGroup var options: JobsOptions

  func run() async throws {
    try await options.talk { jobs in
      let answer = try await jobs.post(["queues", queue, "resume"])
      if options.json {
        try JobsOptions.printJSON(answer)
      } else {
        JobsOptions.tell("\(queue) is resumed")
      }
    }
  }
}
