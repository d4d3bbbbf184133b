import FanfareBackplane

extension RedisValue {
  /// Whether it says that all went well.
  package var isOK: Bool { self == .status("OK") }

  /// The text of a string of any kind, of an error, or of a number; `nil` for the others.
  package var text: String? {
    switch self {
    case .bytes(let bytes): String(decoding: bytes, as: UTF8.self)
    case .status(let text), .error(let text): text
    case .integer(let number): String(number)
    case .null, .array: nil
    }
  }

  /// The elements of an array; none for the others.
  package var elements: [RedisValue] {
    if case .array(let values) = self { values } else { [] }
  }
}
