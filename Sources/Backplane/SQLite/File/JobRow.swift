import GRDB

/// One row of the file, read from its first column to its last.
struct JobRow {
  private let statement: SQLiteStatement
  private var column: CInt = 0

  init(_ statement: SQLiteStatement) {
    self.statement = statement
  }

  /// As it is in the file.
  mutating func value<Value: StatementColumnConvertible>(_ type: Value.Type) -> Value? {
    defer { column += 1 }
    return Value.fromStatement(statement, atUncheckedIndex: column)
  }

  mutating func integer() -> Int64? { value(Int64.self) }

  mutating func number() -> Int { Int(integer() ?? 0) }

  mutating func flag() -> Bool { integer() == 1 }

  mutating func real() -> Double? { value(Double.self) }

  mutating func text() -> String? { value(String.self) }

  /// JSON.
  mutating func bytes() -> [UInt8]? { text().map { Array($0.utf8) } }

  mutating func name<Name>(_ make: (String) -> Name?) throws -> Name {
    let text = text() ?? ""
    guard let name = make(text) else { throw JobFileFault.strange(text) }
    return name
  }

  mutating func optional<Name>(_ make: (String) -> Name?) throws -> Name? {
    guard let text = text() else { return nil }
    guard let name = make(text) else { throw JobFileFault.strange(text) }
    return name
  }
}

extension DatabaseValue {
  static func integer(_ value: Int64?) -> DatabaseValue { value?.databaseValue ?? .null }
  static func number(_ value: Int?) -> DatabaseValue { value?.databaseValue ?? .null }
  static func flag(_ value: Bool) -> DatabaseValue { (value ? 1 : 0).databaseValue }
  static func real(_ value: Double?) -> DatabaseValue { value?.databaseValue ?? .null }

  /// SQLite takes a NUL for the end of a text, so that another sign stands for it.
  static func text(_ value: String?) -> DatabaseValue {
    guard let value else { return .null }
    guard value.utf8.contains(0) else { return value.databaseValue }
    return String(value.unicodeScalars.map { $0 == "\0" ? "\u{2400}" : Character($0) })
      .databaseValue
  }

  /// JSON, which has no NUL.
  static func json(_ value: [UInt8]?) -> DatabaseValue {
    guard let value else { return .null }
    return String(decoding: value, as: UTF8.self).databaseValue
  }
}
