import ArgumentParser
import FanfareServer

/// `fanfare jobs show`.
struct ShowJob: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Show one job: its state and why, its errors, its arguments and its result.",
    discussion: """
      EXAMPLES:
        fanfare jobs show 9jz12cb1kc
        fanfare jobs show 9jz12cb1kc --json | jq .result
      """)

  @Argument(help: "The job.")
  var id: String

  @OptionGroup var options: JobsOptions

  func run() async throws {
    try await options.talk { jobs in
      let job = try await jobs.get(["jobs", id])
      guard !options.json else { return try JobsOptions.printJSON(job) }
      for (name, text) in Self.lines(job) { try JobsOptions.print(name, text) }
      for error in job.objects("errors") ?? [] {
        try JobsOptions.print(
          "error \(error.int("attempt") ?? 0)", TextTable.shown(error.string("error") ?? ""))
      }
    }
  }

  private static func lines(_ job: JSONFields) -> [(String, String)] {
    var lines: [(String, String)] = []
    func add(_ name: String, _ text: String?) {
      if let text, !text.isEmpty { lines.append((name, TextTable.shown(text))) }
    }
    for name in ["id", "queue", "task", "state", "reason"] { add(name, job.string(name)) }
    add("waits for", job.string("waiting_for"))
    add("attempt", attempt(job))
    add("crashes", job.int("crashes").flatMap { $0 > 0 ? String($0) : nil })
    if let progress = job.object("progress") {
      let message = progress.string("message").map { ", \($0)" } ?? ""
      add("progress", JobText.progress(progress) + message)
    }
    for name in ["worker", "channel", "key", "rate_key"] { add(name, job.string(name)) }
    if let workflow = job.object("workflow"), let id = workflow.string("id") {
      add("workflow", "\(id), step \(workflow.int("step") ?? 0)")
    }
    for name in ["created", "started", "finished", "next_at"] {
      add(name, job.string(name).map(JobText.time))
    }
    for name in ["args", "input", "checkpoint", "result", "usage"] where job.has(name) {
      add(name, job.raw(name).map { String(decoding: $0, as: UTF8.self) })
    }
    return lines
  }

  private static func attempt(_ job: JSONFields) -> String? {
    guard let attempt = job.int("attempt"), attempt > 0 else { return nil }
    return job.int("attempts").map { "\(attempt) of \($0)" } ?? "\(attempt)"
  }
}
