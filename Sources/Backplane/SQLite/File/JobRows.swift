import GRDB

/// A statement with what it returns, to be run many times.
///
/// GRDB's own rows know their columns by name, for which each query would make a table of names,
/// and its arguments are copied twice. Here values are bound, and columns read, where they are.
// swift-format-ignore: NoLeadingUnderscores
final class JobRows: DatabaseCursor {
  typealias Element = JobRow

  let _statement: Statement
  var _isDone = false

  init(_ statement: Statement) {
    _statement = statement
    leave()
  }

  /// Begins with these values, one for each parameter. ``leave()`` comes between two runs.
  func begin(_ values: [DatabaseValue]) throws {
    for (index, value) in values.enumerated() {
      let code = value.bind(to: _statement.sqliteStatement, at: CInt(index + 1))
      guard code == ResultCode.SQLITE_OK.rawValue else {
        throw DatabaseError(resultCode: ResultCode(rawValue: code))
      }
    }
    _isDone = false
  }

  /// Lets go of the row it stands at, and of the values. Not after an error.
  func leave() { _statement.setUncheckedArguments(StatementArguments()) }

  func _element(sqliteStatement: SQLiteStatement) -> JobRow { JobRow(sqliteStatement) }
}
