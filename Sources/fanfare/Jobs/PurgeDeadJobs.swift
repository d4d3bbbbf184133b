import ArgumentParser
import FanfareServer

/// `fanfare jobs dead purge`.
struct PurgeDeadJobs: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "purge",
    abstract: "Delete dead jobs of a queue for good, with their events and logs.",
    discussion: """
      EXAMPLES:
        fanfare jobs dead list agent_queue --task clone
        fanfare jobs dead purge agent_queue --task clone --yes
      """)

  @Argument(help: "The queue.")
  var queue: String

  @OptionGroup var filter: DeadJobsFilter

  @Flag(help: "Yes, delete them: nothing brings them back.")
  var yes = false

  @OptionGroup var options: JobsOptions

  func validate() throws {
    guard yes else {
      throw ValidationError(
        "this deletes jobs for good; look at them with 'fanfare jobs dead list', then add --yes")
    }
  }

  func run() async throws {
    try await options.talk { jobs in
      var total = 0
      while true {
        let answer = try await jobs.delete(["queues", queue, "dead"], filter.query)
        let count = answer?.int("deleted") ?? 0
        total += count
        // A server deletes so many at a time.
        if count < Self.slice { break }
      }
      if options.json {
        try JobsOptions.print(#"{"deleted":\#(total)}"#)
      } else {
        JobsOptions.tell("\(JobsOptions.count(total)) purged")
      }
    }
  }

  /// The most that a server deletes in one request.
  private static let slice = 10_000
}
