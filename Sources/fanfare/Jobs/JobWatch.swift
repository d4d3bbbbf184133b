import ArgumentParser
import FanfareRuntime
import FanfareServer

/// Prints the events of one job until it is over.
struct JobWatch {
  /// The seconds for which the server may hold a question that finds nothing new.
  private static let wait = "10"
  private static let pageMax = 200

  let id: String
  let json: Bool

  /// - Throws: `ExitCode` 1 where the job did not succeed.
  func run(_ jobs: ClientJobs) async throws {
    var cursor = "oldest"
    while true {
      let answer = try await jobs.get(
        ["jobs", id, "events"],
        [("after", cursor), ("limit", "\(Self.pageMax)"), ("wait", Self.wait)])
      guard let events = answer.objects("events"), let next = answer.string("cursor") else {
        throw ClientError.notUnderstood("the answer holds no events; is it a Fanfare server?")
      }
      for event in events { try print(event) }
      cursor = next
      // Its last event says so; one that somebody retried meanwhile goes on.
      let last = events.last?.object("data")?.string("state")
      guard events.isEmpty || JobText.isOver(last) else { continue }
      let state = try await jobs.get(["jobs", id]).string("state")
      guard JobText.isOver(state) else { continue }
      guard state == "succeeded" else { throw ExitCode(1) }
      return
    }
  }

  private func print(_ event: JSONFields) throws(CommandFailure) {
    guard !json else { return try JobsOptions.printJSON(event) }
    let time = event.string("time") ?? ""
    let kind = (event.string("type") ?? "").trimmingPrefix("job_")
    try JobsOptions.print(
      TextTable.shown("\(time)  \(kind)  \(Self.told(String(kind), event.object("data")))"))
  }

  private static func told(_ kind: String, _ data: JSONFields?) -> String {
    guard let data else { return "" }
    let attempt = data.int("attempt").map { "attempt \($0)" }
    let parts: [String?] =
      switch kind {
      case "started": [attempt, data.string("worker").map { "by \($0)" }]
      case "progress": [JobText.progress(data), data.string("message")]
      case "failed": [attempt, data.string("error")]
      case "retrying": [data.string("next_at").map { "next at \($0)" }]
      case "dead": [data.string("reason"), data.string("error")]
      default: []
      }
    return parts.compactMap(\.self).joined(separator: ", ")
  }
}
