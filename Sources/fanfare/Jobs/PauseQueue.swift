import ArgumentParser
import FanfareServer

/// `fanfare jobs pause`.
struct PauseQueue: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pause",
    abstract: "Hand out no more jobs of a queue; those that run go on.",
    discussion: """
      EXAMPLES:
        fanfare jobs pause agent_queue
      """)

  @Argument(help: "The queue.")
  var queue: String

  @OptionGroup var options: JobsOptions

  func run() async throws {
    try await options.talk { jobs in
      let answer = try await jobs.post(["queues", queue, "pause"])
      if options.json {
        try JobsOptions.printJSON(answer)
      } else {
        JobsOptions.tell("\(queue) is paused")
      }
    }
  }
}
