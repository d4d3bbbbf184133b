import FanfareActors

/// Lists of jobs that a filter means.
extension JobFile {
  /// How the jobs of a list are found: the newest first, either way.
  enum Way {
    /// All that the indexes name are sorted: good for few.
    case byIndex
    /// From the newest job of all, until there are enough: good where many match.
    case backwards
  }

  /// The newest first.
  func list(
    _ filter: JobFilter, before: JobID?, max: Int, _ way: Way
  ) throws -> [JobRecord] {
    var (conditions, values) = Self.conditions(filter, way)
    if let before {
      conditions.append("id < ?")
      values.append(.integer(before.number))
    }
    let condition = conditions.isEmpty ? "" : "WHERE \(conditions.joined(separator: " AND "))"
    // Only ids are sorted: what else a job has may be long.
    return try jobs(
      """
      SELECT \(JobRecord.columns) FROM job
      WHERE id IN (SELECT id FROM job \(condition) ORDER BY id DESC LIMIT ?) ORDER BY id DESC
      """, values + [.number(Swift.max(0, max))])
  }

  /// The condition of each field that a filter has, with its value.
  static func conditions(_ filter: JobFilter, _ way: Way) -> ([String], [JobValue]) {
    var conditions: [String] = []
    var values: [JobValue] = []
    func add(_ condition: String, _ value: JobValue) {
      conditions.append(condition)
      values.append(value)
    }
    // A sign before a column keeps its indexes out of it.
    let sign = way == .backwards ? "+" : ""
    if let state = filter.state {
      add("\(sign)state = ?", .text(state))
    } else if filter.queue != nil, way == .byIndex {
      let words = JobState.words.map { "'\($0)'" }.joined(separator: ",")
      conditions.append("state IN (\(words))")
    }
    if let queue = filter.queue { add("\(sign)queue = ?", .text(queue.text)) }
    if let task = filter.task { add("+task = ?", .text(task.text)) }
    if let text = filter.errorText { add("instr(error, ?) > 0", .text(text)) }
    if let workflow = filter.workflow { add("workflow = ?", .integer(workflow.number)) }
    if let ids = filter.ids {
      let list = PlainList.text(ids.map { String($0.number) })
      add("id IN (SELECT value FROM json_each(?))", .text(list))
    }
    return (conditions, values)
  }
}
