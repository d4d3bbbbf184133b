/// The seven kinds of JSON value, `true` and `false` apart.
enum JSONKind: Equatable {
  case string
  case number
  case object
  case array
  case `true`
  case `false`
  case null

  /// The kind of the value that begins with `byte`, or nil if none does.
  init?(firstByte byte: UInt8) {
    switch byte {
    case UInt8(ascii: "\""): self = .string
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): self = .number
    case UInt8(ascii: "{"): self = .object
    case UInt8(ascii: "["): self = .array
    case UInt8(ascii: "t"): self = .true
    case UInt8(ascii: "f"): self = .false
    case UInt8(ascii: "n"): self = .null
    default: return nil
    }
  }
}
