import ArgumentParser
import FanfareServer

/// `fanfare jobs dead retry`.
struct RetryDeadJobs: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "retry",
    abstract: "Retry the dead jobs of a queue that are there now, so many in a time.",
    discussion: """
      What it began goes on without it; 'fanfare jobs dead stop' ends it. A second call takes the \
      place of the first.

      EXAMPLES:
        fanfare jobs dead retry agent_queue
        fanfare jobs dead retry agent_queue --rate 100/min --error overloaded
        fanfare jobs dead retry git_queue --id 9jz12cb1kc --id 9jz12cd03x --rate all
      """)

  @Argument(help: "The queue.")
  var queue: String

  @Option(help: ArgumentHelp("So many in a time, like 10/s or 100/min; or all.", valueName: "rate"))
  var rate = "10/s"

  @OptionGroup var filter: DeadJobsFilter

  @Option(
    name: .customLong("id"),
    help: ArgumentHelp("Only this job; several times for several.", valueName: "id"))
  var ids: [String] = []

  @OptionGroup var options: JobsOptions

  func run() async throws {
    try await options.talk { jobs in
      var members: [(name: String, value: ClientValue)] = []
      if rate != "all" { members.append(("rate", .text(rate))) }
      var wanted = filter.query.compactMap { name, value in
        value.map { (name: name, value: ClientValue.text($0)) }
      }
      if !ids.isEmpty { wanted.append(("ids", .texts(ids))) }
      if !wanted.isEmpty { members.append(("filter", .object(wanted))) }
      let answer = try await jobs.post(["queues", queue, "dead", "retry"], members)
      guard !options.json else { return try JobsOptions.printJSON(answer) }
      let pace = rate == "all" ? "at once" : "at \(rate)"
      JobsOptions.tell("\(JobsOptions.count(answer.int("jobs") ?? 0)) to be retried \(pace)")
    }
  }
}
