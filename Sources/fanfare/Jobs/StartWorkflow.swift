import ArgumentParser
import FanfareServer

/// `fanfare jobs workflow start`.
struct StartWorkflow: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "start",
    abstract: "Start a workflow, and print its id.",
    discussion: """
      FILE is one JSON object: {"channel":…, "steps":[{"queue":…, "task":…, "args":…}, …]}. \
      Each step gets the result of the one before. What fails for a reason that may pass is tried \
      again, and never started twice.

      EXAMPLES:
        fanfare jobs workflow start feature.json
        ./plan | fanfare jobs workflow start -
      """)

  @Argument(help: "The file that says what its steps are; - is the standard input.")
  var file: String

  @OptionGroup var options: JobsOptions

  func run() async throws {
    try await options.talk { jobs in
      let body = try await InputReader(file).all()
      let answer = try await jobs.post(["workflows"], body: body, key: ClientJobs.newKey())
      guard !options.json else { return try JobsOptions.printJSON(answer) }
      guard let id = answer.string("id") else { throw ShowWorkflow.noWorkflow }
      try JobsOptions.print(id)
      let steps = answer.strings("jobs")?.count ?? 0
      JobsOptions.tell(
        "\(answer.string("state") ?? "running"): \(JobsOptions.count(steps, "step"))")
    }
  }
}
