import FanfareServer

/// What people read of queues.
enum QueueText {
  private static let states = [
    "running", "queued", "scheduled", "waiting", "retrying", "succeeded", "dead", "cancelled",
  ]

  /// The queues as the server gives them.
  static func queues(_ jobs: ClientJobs) async throws(ClientError) -> [JSONFields] {
    guard let queues = try await jobs.get(["queues"]).objects("queues") else {
      throw .notUnderstood("the answer holds no queues; is it a Fanfare server with jobs?")
    }
    return queues
  }

  /// A row for each.
  static func table(_ queues: [JSONFields]) -> String {
    var table = TextTable(["QUEUE"] + states.map { $0.uppercased() } + ["OLDEST", "WORKERS", ""])
    for queue in queues {
      let counts = queue.object("counts")
      let workers = queue.objects("workers") ?? []
      let leases = workers.reduce(0) { $0 + ($1.int("leases") ?? 0) }
      table.append(
        [queue.string("queue") ?? ""] + states.map { String(counts?.int($0) ?? 0) } + [
          queue.double("oldest_seconds").map(JobText.span) ?? "-",
          workers.isEmpty ? "-" : "\(workers.count) with \(leases)", note(queue),
        ])
    }
    return table.text
  }

  private static func note(_ queue: JSONFields) -> String {
    if queue.isTrue("paused") { return "paused" }
    let retrying = queue.int("retrying_dead") ?? 0
    return retrying > 0 ? "retrying \(retrying) dead" : ""
  }
}
