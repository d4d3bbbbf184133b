/// The top-level members of a job as JSON, in their order (CONTRACT section 10).
enum JobField: String, CaseIterable, Sendable {
  case id, queue, task, args, state
  /// Only of a dead job.
  case reason
  case attempt, attempts, failures, crashes, releases, progress, checkpoint, input, result, usage
  case error, errors, channel, workflow, priority, key
  case rateKey = "rate_key"
  case cost, timeout, worker
  case cancelRequested = "cancel_requested"
  case created, started, finished
  case nextAt = "next_at"
  /// Only where one job is asked for; lists have `null`.
  case waitingFor = "waiting_for"

  /// Whether it may be long: a list that has none of these is read without them.
  var isLong: Bool { [.args, .checkpoint, .input, .result, .usage].contains(self) }

  /// What `fields=` wants, in the order of a whole job; all without it.
  static func wanted(_ query: Query) throws(Problem) -> [JobField] {
    guard let text = query["fields"] else { return allCases }
    var wanted: Set<JobField> = []
    for name in text.split(separator: ",", omittingEmptySubsequences: false) {
      guard let field = JobField(rawValue: String(name)) else {
        let names = allCases.map(\.rawValue)
        let nearest = NearestKey.nearest(to: String(name.prefix(64)), among: names)
        throw .malformedQuery(
          "Remove \(name.isEmpty ? "the empty name" : String(name.prefix(64))) from fields; "
            + (nearest.map { "did you mean \($0)?" }
              ?? "there are \(names.joined(separator: ", "))."))
      }
      wanted.insert(field)
    }
    return allCases.filter(wanted.contains)
  }
}
