import ArgumentParser
import FanfareRuntime
import FanfareServer

/// `fanfare jobs watch`.
struct WatchJobs: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "watch",
    abstract: "Watch one job until it is over, or all queues and what runs in them.",
    discussion: """
      With a job: its events, one a line, until it is over. Exit status 0: it succeeded. 1: it is \
      dead or was cancelled.

      Without: the queues and the jobs that run, every second, until it is interrupted.

      EXAMPLES:
        fanfare jobs watch
        fanfare jobs watch 9jz12cb1kc
        fanfare jobs watch "$(fanfare jobs enqueue cicd_queue run_pipeline)" && ./deploy
      """)

  @Argument(help: "The job.")
  var id: String?

  @Option(help: ArgumentHelp("How often to look at all queues.", valueName: "seconds"))
  var every = 1

  @Option(help: ArgumentHelp("Look so often and end.", valueName: "n"))
  var count: Int?

  @OptionGroup var options: JobsOptions

  func validate() throws {
    guard (1...3_600).contains(every), count ?? 1 > 0 else {
      throw ValidationError("--every is 1 to 3600 seconds, --count from 1 on")
    }
  }

  func run() async throws {
    try await options.talk { jobs in
      if let id {
        try await JobWatch(id: id, json: options.json).run(jobs)
      } else {
        try await watchAll(jobs)
      }
    }
  }

  private func watchAll(_ jobs: ClientJobs) async throws {
    var looks = 0
    while true {
      let queues = try await QueueText.queues(jobs)
      let running = try await jobs.get(
        ["jobs"],
        [
          ("state", "running"), ("limit", "50"),
          ("fields", options.json ? nil : JobText.fields),
        ])
      if options.json {
        for queue in queues { try JobsOptions.printJSON(queue) }
        for job in running.objects("jobs") ?? [] { try JobsOptions.printJSON(job) }
      } else {
        try JobsOptions.print(bytes: Array(Self.screen(queues, running).utf8))
      }
      looks += 1
      if looks == count { return }
      await jobs.wait(.seconds(every))
    }
  }

  private static func screen(_ queues: [JSONFields], _ running: JSONFields) -> String {
    var table = TextTable(JobText.headings)
    for job in running.objects("jobs") ?? [] { table.append(JobText.row(job)) }
    let more = running.string("next") == nil ? "" : "… and more\n"
    let text = QueueText.table(queues) + "\n" + (table.isEmpty ? "nothing runs\n" : table.text)
    // A terminal is written anew in place.
    return StandardOutput.isTerminal ? "\u{1B}[H\u{1B}[2J" + text + more : text + more + "\n"
  }
}
