import FanfareRuntime
import FanfareServer
import FoundationEssentials

/// What people read of a job.
enum JobText {
  /// What of a job is shown in a list.
  static let fields = "id,queue,task,state,attempt,progress,error,created,next_at"

  static let headings = ["ID", "QUEUE", "TASK", "STATE", "ATTEMPT", "PROGRESS", "AGE", "NOTE"]

  /// Whether nothing happens any more to a job in this state.
  static func isOver(_ state: String?) -> Bool {
    ["succeeded", "dead", "cancelled"].contains(state)
  }

  /// The cells of a list.
  static func row(_ job: JSONFields) -> [String] {
    [
      job.string("id") ?? "", job.string("queue") ?? "", job.string("task") ?? "",
      job.string("state") ?? "", job.int("attempt").map(String.init) ?? "",
      job.object("progress").map(progress) ?? "", age(job.string("created")), note(job),
    ]
  }

  /// `3 of 5`, `40`.
  static func progress(_ progress: JSONFields) -> String {
    let current = number(progress.double("current") ?? 0)
    return progress.double("total").map { "\(current) of \(number($0))" } ?? current
  }

  /// What most explains a job: its message, its error, or what it waits for.
  private static func note(_ job: JSONFields) -> String {
    switch job.string("state") {
    case "running": job.object("progress")?.string("message") ?? ""
    case "dead", "retrying": job.string("error") ?? job.string("waiting_for") ?? ""
    default: job.string("waiting_for") ?? job.string("next_at").map(time) ?? ""
    }
  }

  static func number(_ value: Double) -> String {
    Int(exactly: value).map(String.init) ?? "\((value * 10).rounded() / 10)"
  }

  /// How long ago a time of the server was: `48s`, `12m`.
  static func age(_ time: String?) -> String {
    guard let time, let date = date(time) else { return "" }
    return span(max(0, Date.now.timeIntervalSince(date)))
  }

  /// A time with its distance from now.
  static func time(_ text: String) -> String {
    guard let date = date(text) else { return text }
    let seconds = date.timeIntervalSinceNow
    return seconds > 0 ? "\(text) (in \(span(seconds)))" : "\(text) (\(span(-seconds)) ago)"
  }

  /// `950ms`, `48s`, `12m`, `3h`, `5d`.
  static func span(_ seconds: Double) -> String {
    switch seconds {
    case ..<1: "\(Int(seconds * 1_000))ms"
    case ..<120: "\(Int(seconds))s"
    case ..<7_200: "\(Int(seconds / 60))m"
    case ..<172_800: "\(Int(seconds / 3_600))h"
    default: "\(Int(min(seconds / 86_400, 1e9)))d"
    }
  }

  private static func date(_ text: String) -> Date? {
    try? Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true))
  }
}
