import FanfareActors
import GRDB

/// The SQLite file that jobs are in: open, and this process' alone. Confined to the store's loop.
///
/// Every statement is prepared once; after an error, in whose midst some may stand, all are anew.
final class JobFile {
  private let queue: DatabaseQueue
  private var database: Database?
  private var prepared: [String: JobStatement] = [:]
  /// Those that are run for every job.
  private var usual: [ObjectIdentifier: JobStatement] = [:]
  var leased = LeasedJobs()
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
      forgetStatements()
      leased = LeasedJobs()
      throw error
    }
  }

  func close() {
    forgetStatements()
    // What is not closed here is when the last reference goes.
    try? queue.close()
  }

  private func forgetStatements() {
    prepared = [:]
    usual = [:]
  }

  // MARK: Statements

  /// Runs a statement that returns nothing. Within ``transaction(_:)``.
  func run(_ sql: String, _ values: [JobValue] = []) throws { try run(statement(sql), values) }

  func run(_ sql: JobSQL, _ values: [JobValue]) throws { try run(statement(sql), values) }

  private func run(_ statement: JobStatement, _ values: [JobValue]) throws {
    defer { statement.reset() }
    try statement.bind(values)
    while try statement.step() {}
  }

  /// As ``run(_:_:)``; returns the rows that were changed.
  func change(_ sql: String, _ values: [JobValue] = []) throws -> Int {
    try run(sql, values)
    return database?.changesCount ?? 0
  }

  /// Hands every row to `body`, which says whether it wants the next.
  func each(
    _ sql: String, _ values: [JobValue] = [], _ body: (inout JobRow) throws -> Bool
  ) throws {
    try each(statement(sql), values, body)
  }

  /// What `body` makes of the only row; `nil` where there is none.
  func one<Value>(
    _ sql: String, _ values: [JobValue] = [], _ body: (inout JobRow) throws -> Value
  ) throws -> Value? {
    try one(statement(sql), values, body)
  }

  func one<Value>(
    _ sql: JobSQL, _ values: [JobValue], _ body: (inout JobRow) throws -> Value
  ) throws -> Value? {
    try one(statement(sql), values, body)
  }

  private func one<Value>(
    _ statement: JobStatement, _ values: [JobValue], _ body: (inout JobRow) throws -> Value
  ) throws -> Value? {
    var value: Value?
    try each(statement, values) { row in
      value = try body(&row)
      return false
    }
    return value
  }

  private func each(
    _ statement: JobStatement, _ values: [JobValue], _ body: (inout JobRow) throws -> Bool
  ) throws {
    defer { statement.reset() }
    try statement.bind(values)
    while try statement.step() {
      var row = JobRow(statement)
      guard try body(&row) else { return }
    }
  }

  /// What has been prepared.
  var statements: [String] { (prepared.keys + usual.values.map(\.sql)).sorted() }

  private func statement(_ sql: String) throws -> JobStatement {
    if let statement = prepared[sql] { return statement }
    let statement = try prepare(sql)
    prepared[sql] = statement
    return statement
  }

  private func statement(_ sql: JobSQL) throws -> JobStatement {
    if let statement = usual[ObjectIdentifier(sql)] { return statement }
    let statement = try prepare(sql.text)
    usual[ObjectIdentifier(sql)] = statement
    return statement
  }

  private func prepare(_ sql: String) throws -> JobStatement {
    guard let database else { throw DatabaseError(resultCode: .SQLITE_MISUSE) }
    return try JobStatement(sql, in: database)
  }
}
