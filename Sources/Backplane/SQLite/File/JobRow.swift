/// One row of the file, read from its first column to its last.
struct JobRow {
  private let statement: JobStatement
  private var column: CInt = 0

  init(_ statement: JobStatement) {
    self.statement = statement
  }

  private mutating func next() -> CInt {
    defer { column += 1 }
    return column
  }

  mutating func integer() -> Int64? { statement.integer(next()) }

  mutating func number() -> Int { Int(integer() ?? 0) }

  mutating func flag() -> Bool { integer() == 1 }

  mutating func real() -> Double? { statement.real(next()) }

  mutating func text() -> String? { statement.text(next()) }

  /// JSON, or bytes of any kind.
  mutating func bytes() -> [UInt8]? { statement.bytes(next()) }

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
