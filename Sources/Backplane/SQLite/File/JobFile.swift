import FanfareActors
import GRDB

/// The SQLite file that jobs are in: open, and this process' alone. Confined to the store's loop.
///
/// Every statement is prepared once. GRDB lets a statement that failed not be used again, so after
/// an error all are prepared anew.
final class JobFile {
  private let queue: DatabaseQueue
  private var database: Database?
  private var prepared: [String: JobRows] = [:]
  /// Whether the last transaction has changed anything.
  private(set) var hasWritten = false

  /// Opens the file at `path`, makes it where there is none, and brings it up to date.
  init(_ path: String) throws {
    queue = try JobFile.open(path)
    try queue.inDatabase { database in
      try JobFile.migrate(database)
      try JobFile.check(database)
    }
  }

  /// Does `body` with the file in one transaction: all of it becomes durable, or, where it throws,
  /// none.
  func transaction(_ body: () throws -> Void) throws {
    do {
      try queue.inDatabase { database in
        self.database = database
        defer { self.database = nil }
        let before = database.totalChangesCount
        try database.inTransaction(.deferred) {
          try body()
          return .commit
        }
        hasWritten = database.totalChangesCount != before
      }
    } catch {
      prepared = [:]
      throw error
    }
  }

  func close() {
    prepared = [:]
    // What is not closed here is when the last reference goes.
    try? queue.close()
  }

  // MARK: Statements

  /// Runs a statement that returns nothing. Within ``transaction(_:)``.
  func run(_ sql: String, _ values: [DatabaseValue] = []) throws {
    let rows = try rows(sql, values)
    try rows._statement.execute()
    rows.leave()
  }

  /// As ``run(_:_:)``; returns the rows that were changed.
  func change(_ sql: String, _ values: [DatabaseValue] = []) throws -> Int {
    try run(sql, values)
    return database?.changesCount ?? 0
  }

  /// Hands every row to `body`, which says whether it wants the next.
  func each(
    _ sql: String, _ values: [DatabaseValue] = [], _ body: (inout JobRow) throws -> Bool
  ) throws {
    let rows = try rows(sql, values)
    while var row = try rows.next(), try body(&row) {}
    rows.leave()
  }

  /// What `body` makes of the only row; `nil` where there is none.
  func one<Value>(
    _ sql: String, _ values: [DatabaseValue] = [], _ body: (inout JobRow) throws -> Value
  ) throws -> Value? {
    let rows = try rows(sql, values)
    var value: Value?
    if var row = try rows.next() { value = try body(&row) }
    rows.leave()
    return value
  }

  /// What has been prepared.
  var statements: [String] { prepared.keys.sorted() }

  private func rows(_ sql: String, _ values: [DatabaseValue]) throws -> JobRows {
    let rows = try prepared[sql] ?? prepare(sql)
    try rows.begin(values)
    return rows
  }

  private func prepare(_ sql: String) throws -> JobRows {
    guard let database else { throw DatabaseError(resultCode: .SQLITE_MISUSE) }
    let rows = JobRows(try database.makeStatement(sql: sql))
    prepared[sql] = rows
    return rows
  }
}
