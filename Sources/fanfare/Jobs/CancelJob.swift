import ArgumentParser
import FanfareServer

/// `fanfare jobs cancel`.
struct CancelJob: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cancel",
    abstract: "Cancel a job, or with --workflow all steps of one.",
    discussion: """
      A job that runs is asked to stop, and ends as cancelled whatever its worker says then. The \
      steps of a workflow that come after it are cancelled too.

      EXAMPLES:
        fanfare jobs cancel 9jz12cb1kc
        fanfare jobs cancel --workflow 9jz0bb1kc
      """)

  @Argument(help: "The job, or the workflow.")
  var id: String

  @Flag(help: "The id is that of a workflow.")
  var workflow = false

  @OptionGroup var options: JobsOptions

  func run() async throws {
    try await options.talk { jobs in
      let answer = try await jobs.delete([workflow ? "workflows" : "jobs", id])
      try JobChange.tell(id, answer, json: options.json, asked: true)
    }
  }
}
