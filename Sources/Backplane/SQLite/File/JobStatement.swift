import CSQLite
import GRDB

/// A statement, prepared once and run many times, with SQLite's own calls for what is done for
/// every value of every row: the only file that makes them.
///
/// GRDB opens the file, prepares, and begins and ends transactions. Where it runs a statement, it
/// walks all parameters before and after and looks for observers, and JSON has to be made a string
/// first: that was seen in every profile. Within a transaction of the file.
final class JobStatement {
  let sql: String
  /// Ends the statement with this object.
  private let prepared: Statement
  private let statement: SQLiteStatement

  init(_ sql: String, in database: Database) throws {
    self.sql = sql
    prepared = try database.makeStatement(sql: sql)
    statement = prepared.sqliteStatement
  }

  /// Binds these values, one to each parameter. It has been ``reset()`` since its last step.
  func bind(_ values: [JobValue]) throws {
    for (index, value) in values.enumerated() {
      let code = bind(value, at: CInt(index + 1))
      guard code == SQLITE_OK else { throw error(code) }
    }
  }

  /// Goes to the next row. Returns whether there is one.
  func step() throws -> Bool {
    switch sqlite3_step(statement) {
    case SQLITE_ROW: return true
    case SQLITE_DONE: return false
    case let code: throw error(code)
    }
  }

  /// Leaves the row it stands at and lets go of its values, so that it can be run again.
  func reset() {
    sqlite3_reset(statement)
    sqlite3_clear_bindings(statement)
  }

  private func error(_ code: CInt) -> DatabaseError {
    let database = sqlite3_db_handle(statement)
    let extended = sqlite3_extended_errcode(database)
    return DatabaseError(
      resultCode: ResultCode(rawValue: extended & 0xFF == code & 0xFF ? extended : code),
      message: sqlite3_errmsg(database).map { String(cString: $0) })
  }

  /// Whether SQLite counts the memory it uses, which costs; to be asked once before it is used.
  static let countsMemory = fanfare_sqlite_counts_no_memory() != SQLITE_OK

  // MARK: Values

  private func bind(_ value: JobValue, at index: CInt) -> CInt {
    switch value {
    case .null: return sqlite3_bind_null(statement, index)
    case .whole(let number): return sqlite3_bind_int64(statement, index, number)
    case .fraction(let number): return sqlite3_bind_double(statement, index, number)
    case .string(var text): return text.withUTF8 { bindText($0, at: index) }
    case .json(let bytes): return bytes.withUnsafeBufferPointer { bindText($0, at: index) }
    case .blob(let bytes):
      return bytes.withUnsafeBytes {
        guard let base = $0.baseAddress, !$0.isEmpty else {
          return sqlite3_bind_zeroblob(statement, index, 0)
        }
        return sqlite3_bind_blob64(
          statement, index, base, UInt64($0.count), Self.isCopied)
      }
    }
  }

  private func bindText(_ bytes: UnsafeBufferPointer<UInt8>, at index: CInt) -> CInt {
    guard let base = bytes.baseAddress, !bytes.isEmpty else {
      return sqlite3_bind_text(statement, index, "", 0, Self.isCopied)
    }
    return sqlite3_bind_text64(
      statement, index, UnsafeRawPointer(base).assumingMemoryBound(to: CChar.self),
      UInt64(bytes.count), Self.isCopied, UInt8(SQLITE_UTF8))
  }

  /// SQLite keeps no pointer to what is bound.
  private static var isCopied: sqlite3_destructor_type {
    unsafeBitCast(-1, to: sqlite3_destructor_type.self)
  }

  // MARK: Columns of the row it stands at

  func integer(_ column: CInt) -> Int64? {
    let value = sqlite3_column_int64(statement, column)
    // Of most columns it need not be asked what they are.
    if value == 0, isNull(column) { return nil }
    return value
  }

  func real(_ column: CInt) -> Double? {
    isNull(column) ? nil : sqlite3_column_double(statement, column)
  }

  func text(_ column: CInt) -> String? {
    bytes(column) { String(decoding: $0, as: UTF8.self) }
  }

  func bytes(_ column: CInt) -> [UInt8]? {
    bytes(column) { Array($0) }
  }

  private func isNull(_ column: CInt) -> Bool {
    sqlite3_column_type(statement, column) == SQLITE_NULL
  }

  /// Text and blobs lie in memory alike; numbers become text.
  private func bytes<Value>(
    _ column: CInt, _ body: (UnsafeRawBufferPointer) -> Value
  ) -> Value? {
    guard !isNull(column) else { return nil }
    // The pointer before the count: a number becomes text by it.
    let base = sqlite3_column_blob(statement, column)
    let count = Int(sqlite3_column_bytes(statement, column))
    return body(UnsafeRawBufferPointer(start: base, count: base == nil ? 0 : count))
  }
}
