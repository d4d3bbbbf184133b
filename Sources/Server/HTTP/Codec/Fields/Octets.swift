/// The byte classes of RFC 9110 and RFC 3986, and the copying of bytes out of a borrowed span.
enum Octets {
  static let tab = UInt8(ascii: "\t")
  static let lineFeed = UInt8(ascii: "\n")
  static let carriageReturn = UInt8(ascii: "\r")
  static let space = UInt8(ascii: " ")
  static let comma = UInt8(ascii: ",")
  static let colon = UInt8(ascii: ":")
  static let slash = UInt8(ascii: "/")
  static let percent = UInt8(ascii: "%")

  /// `tchar` of RFC 9110 section 5.6.2: what methods, field names and list tokens are made of.
  static func isToken(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "!"), UInt8(ascii: "#"), UInt8(ascii: "$"), UInt8(ascii: "%"),
      UInt8(ascii: "&"), UInt8(ascii: "'"), UInt8(ascii: "*"), UInt8(ascii: "+"),
      UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "^"), UInt8(ascii: "_"),
      UInt8(ascii: "`"), UInt8(ascii: "|"), UInt8(ascii: "~"):
      true
    default:
      isAlpha(byte) || isDigit(byte)
    }
  }

  static func isAlpha(_ byte: UInt8) -> Bool {
    let folded = byte | 0x20
    return folded >= UInt8(ascii: "a") && folded <= UInt8(ascii: "z")
  }

  static func isDigit(_ byte: UInt8) -> Bool {
    byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
  }

  /// A control byte that no line of a head may hold. HTAB, CR and LF are judged by the caller.
  static func isForbiddenControl(_ byte: UInt8) -> Bool {
    byte == 0x7f || (byte < 0x20 && byte != tab && byte != carriageReturn && byte != lineFeed)
  }

  /// Optional white space, RFC 9110 section 5.6.3.
  static func isBlank(_ byte: UInt8) -> Bool {
    byte == space || byte == tab
  }

  /// `unreserved` or `sub-delims` of RFC 3986, the bytes that stand for themselves in a name.
  static func isName(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"),
      UInt8(ascii: "!"), UInt8(ascii: "$"), UInt8(ascii: "&"), UInt8(ascii: "'"),
      UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "*"), UInt8(ascii: "+"),
      UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "="):
      true
    default:
      isAlpha(byte) || isDigit(byte)
    }
  }

  /// `pchar` of RFC 3986 section 3.3 without the percent escapes.
  static func isPathByte(_ byte: UInt8) -> Bool {
    isName(byte) || byte == colon || byte == UInt8(ascii: "@")
  }

  /// The value of a hexadecimal digit, or nil.
  static func hexValue(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
  }

  /// The ASCII lower-case form; other bytes stay as they are.
  static func lowercased(_ byte: UInt8) -> UInt8 {
    byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
  }

  /// Whether `bytes` are `lowercase` in any ASCII case. Allocates nothing.
  ///
  /// - Parameter lowercase: ASCII without capital letters.
  static func matches(_ bytes: ArraySlice<UInt8>, _ lowercase: String) -> Bool {
    let wanted = lowercase.utf8
    guard bytes.count == wanted.count else { return false }
    for (byte, want) in zip(bytes, wanted) where lowercased(byte) != want { return false }
    return true
  }

  /// `bytes` without the blanks at both ends.
  static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    var rest = bytes
    while let first = rest.first, isBlank(first) { rest.removeFirst() }
    while let last = rest.last, isBlank(last) { rest.removeLast() }
    return rest
  }

  /// Appends the bytes of `source` in `range` to `target`.
  static func append(_ source: Span<UInt8>, _ range: Range<Int>, to target: inout [UInt8]) {
    // The library would write the count of an empty array, which all threads share.
    guard !range.isEmpty else { return }
    target.append(addingCapacity: range.count) { output in
      for index in range { output.append(source[index]) }
    }
  }

  /// The bytes of `source` in `range` as an array.
  static func array(_ source: Span<UInt8>, _ range: Range<Int>) -> [UInt8] {
    guard !range.isEmpty else { return [] }
    return [UInt8](capacity: range.count) { output in
      for index in range { output.append(source[index]) }
    }
  }
}
