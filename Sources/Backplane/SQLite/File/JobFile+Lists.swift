import FanfareActors

/// Lists of jobs that a filter means.
extension JobFile {
  /// Which jobs are looked at for a list: the newest first, either way.
  enum Way {
    /// Those whose ids an index names, sorted: good for few.
    case byIndex
    /// All: good where many match.
    case backwards
  }

  /// What of a filter an index answers, or what has to be looked at in each row.
  struct Conditions {
    private(set) var texts: [String] = []
    private(set) var values: [JobValue] = []

    mutating func add(_ text: String, _ value: JobValue? = nil) {
      texts.append(text)
      if let value { values.append(value) }
    }

    /// One expression.
    var sql: String { texts.isEmpty ? "1" : texts.joined(separator: " AND ") }
  }

  /// The ids of at most `max` jobs, the newest first. Where so many others were looked at that it
  /// has to end, `next` is where to go on.
  func find(
    _ filter: JobFilter, before: JobID?, max: Int, _ way: Way
  ) throws -> (ids: [JobID], next: JobID?) {
    guard max > 0 else { return ([], nil) }
    let (sql, values) = Self.search(filter, before: before, max: max, way)
    var ids: [JobID] = []
    var next: JobID?
    var last: JobID?
    var passed = 0
    try each(sql, values) { row in
      let id = try JobRecord.id(row.integer())
      let isMeant = row.flag()
      guard isMeant ? ids.count < max : passed < JobPage.passedMax else {
        next = ids.count == max ? ids.last : last
        return false
      }
      if isMeant { ids.append(id) } else { passed += 1 }
      last = id
      return true
    }
    return (ids, next)
  }

  /// Looks at the ids of jobs, the newest first, and says of each whether it is meant. Nothing is
  /// sorted but ids of an index, and no row is read before it is asked for.
  static func search(
    _ filter: JobFilter, before: JobID?, max: Int, _ way: Way
  ) -> (sql: String, values: [JobValue]) {
    var (named, checked) = conditions(filter, way)
    if let before { named.add("id < ?", .integer(before.number)) }
    let ids = "FROM job WHERE \(named.sql) ORDER BY id DESC LIMIT ?"
    // One more tells whether there is a following page.
    let rows = max + (checked.texts.isEmpty ? 0 : JobPage.passedMax) + 1
    let values = checked.values + named.values + [.number(rows)]
    switch way {
    case .byIndex:
      let sql = """
        SELECT id, \(checked.sql) FROM job WHERE id IN (SELECT id \(ids)) ORDER BY id DESC
        """
      return (sql, values)
    case .backwards: return ("SELECT id, \(checked.sql) \(ids)", values)
    }
  }

  /// The conditions of a filter, with their values: those by which jobs are found, and the others.
  static func conditions(
    _ filter: JobFilter, _ way: Way
  ) -> (named: Conditions, checked: Conditions) {
    var named = Conditions()
    var stage = Conditions()
    var checked = Conditions()
    if let workflow = filter.workflow { named.add("workflow = ?", .integer(workflow.number)) }
    if let ids = filter.ids {
      let list = PlainList.text(ids.map { String($0.number) })
      named.add("id IN (SELECT value FROM json_each(?))", .text(list))
    }
    let isNamed = !named.texts.isEmpty
    if let state = filter.state {
      stage.add("state = ?", .text(state))
    } else if filter.queue != nil, way == .byIndex, !isNamed {
      let words = JobState.words.map { "'\($0)'" }.joined(separator: ",")
      stage.add("state IN (\(words))")
    }
    if let queue = filter.queue { stage.add("queue = ?", .text(queue.text)) }
    if way == .byIndex, !isNamed { named = stage } else { checked = stage }
    // A sign before a column keeps its indexes out of it.
    if let task = filter.task { checked.add("+task = ?", .text(task.text)) }
    if let text = filter.errorText { checked.add("instr(error, ?) > 0", .text(text)) }
    return (named, checked)
  }

  /// A filter as one condition, with its values in their order.
  static func condition(_ filter: JobFilter) -> (sql: String, values: [JobValue]) {
    let (named, checked) = conditions(filter, .byIndex)
    return ("\(named.sql) AND \(checked.sql)", named.values + checked.values)
  }
}
