import ArgumentParser
import FanfareServer

/// `fanfare jobs retry`.
struct RetryJob: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "retry",
    abstract: "Queue a dead or cancelled job once more, with all its attempts.",
    discussion: """
      EXAMPLES:
        fanfare jobs retry 9jz12cb1kc
        fanfare jobs retry 9jz12cb1kc --args '{"url":"https://example.org/fanfare.git"}'
      """)

  @Argument(help: "The job.")
  var id: String

  @Option(help: ArgumentHelp("Other arguments in place of its own.", valueName: "json"))
  var args: String?

  @OptionGroup var options: JobsOptions

  func run() async throws {
    try await options.talk { jobs in
      let answer = try await jobs.post(
        ["jobs", id, "retry"], args.map { [("args", .json(Array($0.utf8)))] } ?? [])
      try JobChange.tell(id, answer, json: options.json)
    }
  }
}
