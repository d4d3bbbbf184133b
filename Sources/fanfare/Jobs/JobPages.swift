import FanfareServer

/// A list of jobs that the server gives page by page.
struct JobPages {
  private static let pageMax = 100

  let path: [String]
  /// What the parameter is called that names the job before the page.
  var cursor = "before"
  let query: [(name: String, value: String?)]
  let part: JobsPart
  let json: Bool

  /// Prints all, or the first of them; a table page by page, so that a long one begins at once.
  /// A page may have fewer jobs than were asked for, or none, and others follow.
  func print(from jobs: ClientJobs) async throws {
    var printed = 0
    var place = part.before
    while true {
      let asked = min(Self.pageMax, part.limit - printed)
      let answer = try await jobs.get(
        path,
        query + [
          (cursor, place), ("limit", String(asked)), ("fields", json ? nil : JobText.fields),
        ])
      guard let listed = answer.objects("jobs") else { throw Self.noJobs }
      if json {
        for job in listed { try JobsOptions.printJSON(job) }
      } else {
        try printTable(listed, isFirst: printed == 0)
      }
      printed += listed.count
      let next = answer.string("next")
      // A server that gives the same page again and again would be asked forever.
      guard next == nil || next != place else { throw Self.noEnd }
      place = next
      if printed >= part.limit || place == nil { break }
    }
    if printed == 0, !json { JobsOptions.tell("no jobs") }
    if place != nil, !json {
      JobsOptions.tell("# there are more: --limit, or --before \(place ?? "")")
    }
  }

  static let noJobs = ClientError.notUnderstood(
    "the answer holds no jobs; is it a Fanfare server with jobs?")

  private static let noEnd = ClientError.notUnderstood(
    "its list of jobs goes back to where it was; is it a Fanfare server?")

  private func printTable(_ jobs: [JSONFields], isFirst: Bool) throws {
    guard !jobs.isEmpty else { return }
    var table = TextTable(JobText.headings)
    for job in jobs { table.append(JobText.row(job)) }
    let text = isFirst ? table.text : table.text.drop { $0 != "\n" }.dropFirst().description
    try JobsOptions.print(bytes: Array(text.utf8))
  }
}
