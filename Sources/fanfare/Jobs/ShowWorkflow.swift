import ArgumentParser
import FanfareServer

/// `fanfare jobs workflow show`.
struct ShowWorkflow: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Show a workflow: its steps, and what they have used up together.",
    discussion: """
      EXAMPLES:
        fanfare jobs workflow show 9jz0bb1kc
        fanfare jobs workflow show 9jz0bb1kc --json | jq .usage
      """)

  static let noWorkflow = ClientError.notUnderstood(
    "the answer is no workflow; is it a Fanfare server with jobs?")

  @Argument(help: "The workflow.")
  var id: String

  @OptionGroup var options: JobsOptions

  func run() async throws {
    try await options.talk { jobs in
      let workflow = try await jobs.get(["workflows", id])
      guard !options.json else { return try JobsOptions.printJSON(workflow) }
      guard let steps = workflow.objects("steps") else { throw Self.noWorkflow }
      for (name, text) in Self.lines(workflow) { try JobsOptions.print(name, text) }
      var table = TextTable(["STEP", "JOB", "QUEUE", "TASK", "STATE"])
      for (index, step) in steps.enumerated() {
        table.append(
          ["\(index + 1)"] + ["job", "queue", "task", "state"].map { step.string($0) ?? "" })
      }
      try JobsOptions.print(bytes: Array("\n\(table.text)".utf8))
    }
  }

  private static func lines(_ workflow: JSONFields) -> [(String, String)] {
    var lines: [(String, String)] = []
    func add(_ name: String, _ text: String?) {
      if let text, !text.isEmpty { lines.append((name, TextTable.shown(text))) }
    }
    add("id", workflow.string("id"))
    add("state", workflow.string("state"))
    if let step = workflow.int("current_step"), let total = workflow.int("total_steps") {
      add("step", "\(step) of \(total)")
    }
    add("message", workflow.string("message"))
    add("created", workflow.string("created").map(JobText.time))
    add("finished", workflow.string("finished").map(JobText.time))
    add("usage", workflow.object("usage").flatMap(usage))
    return lines
  }

  /// What was used up of anything.
  private static func usage(_ usage: JSONFields) -> String? {
    let tokens = usage.int("tokens").flatMap { $0 > 0 ? JobsOptions.count($0, "token") : nil }
    let cost = usage.double("cost").flatMap { $0 > 0 ? "cost \($0)" : nil }
    let duration = usage.double("duration").flatMap { $0 > 0 ? JobText.span($0) : nil }
    let all = [tokens, cost, duration].compactMap(\.self)
    return all.isEmpty ? nil : all.joined(separator: ", ")
  }
}
