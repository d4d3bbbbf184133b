/// A value on its way into the file.
enum JobValue {
  case null
  case whole(Int64)
  case fraction(Double)
  case string(String)
  /// Text that has no NUL.
  case json([UInt8])
  case blob([UInt8])

  static func integer(_ value: Int64?) -> JobValue { value.map { .whole($0) } ?? .null }
  static func number(_ value: Int?) -> JobValue { value.map { .whole(Int64($0)) } ?? .null }
  static func flag(_ value: Bool) -> JobValue { .whole(value ? 1 : 0) }
  static func real(_ value: Double?) -> JobValue { value.map { .fraction($0) } ?? .null }

  /// SQLite takes a NUL for the end of a text, so that another sign stands for it.
  static func text(_ value: String?) -> JobValue {
    guard let value else { return .null }
    guard value.utf8.contains(0) else { return .string(value) }
    return .string(String(value.unicodeScalars.map { $0 == "\0" ? "\u{2400}" : Character($0) }))
  }

  static func json(_ value: [UInt8]?) -> JobValue { value.map { .json($0) } ?? .null }
}
