/// The slow and obvious JSON parser that the scanner is held against: recursive, it builds a tree,
/// and nil is its only fault.
struct JSONModelParser {
  private let bytes: [UInt8]
  private var index = 0

  /// The value of a whole document, or nil if it is not one.
  static func parse(_ bytes: [UInt8]) -> JSONModelNode? {
    guard String(validating: bytes, as: UTF8.self) != nil else { return nil }
    var parser = JSONModelParser(bytes: bytes)
    parser.skipWhite()
    guard let node = parser.value(depth: 0) else { return nil }
    parser.skipWhite()
    return parser.index == bytes.count ? node : nil
  }

  private init(bytes: [UInt8]) {
    self.bytes = bytes
  }

  private var head: Character? {
    index < bytes.count ? Character(Unicode.Scalar(bytes[index])) : nil
  }

  private mutating func skipWhite() {
    while let head, [" ", "\t", "\n", "\r"].contains(head) { index += 1 }
  }

  private mutating func take(_ character: Character) -> Bool {
    guard head == character else { return false }
    index += 1
    return true
  }

  private mutating func value(depth: Int) -> JSONModelNode? {
    let start = index
    let content: JSONModelNode.Content?
    switch head {
    case "{": content = depth < 128 ? object(depth: depth + 1) : nil
    case "[": content = depth < 128 ? array(depth: depth + 1) : nil
    case "\"": content = string().map { .string($0) }
    case "t": content = word("true")
    case "f": content = word("false")
    case "n": content = word("null")
    default: content = number()
    }
    return content.map { JSONModelNode(range: start..<index, content: $0) }
  }

  private mutating func object(depth: Int) -> JSONModelNode.Content? {
    index += 1
    skipWhite()
    guard !take("}") else { return .object([]) }
    var members: [JSONModelNode.Member] = []
    repeat {
      skipWhite()
      guard head == "\"", let key = string() else { return nil }
      skipWhite()
      guard take(":") else { return nil }
      skipWhite()
      guard let value = value(depth: depth) else { return nil }
      members.append(JSONModelNode.Member(key: key, value: value))
      skipWhite()
    } while take(",")
    return take("}") ? .object(members) : nil
  }

  private mutating func array(depth: Int) -> JSONModelNode.Content? {
    index += 1
    skipWhite()
    guard !take("]") else { return .array([]) }
    var elements: [JSONModelNode] = []
    repeat {
      skipWhite()
      guard let value = value(depth: depth) else { return nil }
      elements.append(value)
      skipWhite()
    } while take(",")
    return take("]") ? .array(elements) : nil
  }

  private mutating func word(_ word: String) -> JSONModelNode.Content? {
    guard bytes[index...].starts(with: word.utf8) else { return nil }
    index += word.utf8.count
    return .word(word)
  }

  private mutating func number() -> JSONModelNode.Content? {
    let start = index
    _ = take("-")
    if !take("0") {
      guard digits() else { return nil }
    }
    if take(".") {
      guard digits() else { return nil }
    }
    if take("e") || take("E") {
      if !take("+") { _ = take("-") }
      guard digits() else { return nil }
    }
    return .number(String(decoding: bytes[start..<index], as: UTF8.self))
  }

  private mutating func digits() -> Bool {
    let start = index
    while let head, ("0"..."9").contains(head) { index += 1 }
    return index > start
  }

  /// By way of UTF-16, where an escape is one unit and repair of lone surrogates comes for free.
  private mutating func string() -> String? {
    index += 1
    var units: [UInt16] = []
    while index < bytes.count, bytes[index] >= 0x20 {
      if take("\"") { return String(decoding: units, as: UTF16.self) }
      if take("\\") {
        guard let unit = escape() else { return nil }
        units.append(unit)
      } else {
        var length = 1
        // The document is UTF-8 as a whole: what follows a first byte is told by its two high bits.
        while index + length < bytes.count, bytes[index + length] & 0xC0 == 0x80 { length += 1 }
        let text = String(decoding: bytes[index..<index + length], as: UTF8.self)
        units.append(contentsOf: text.utf16)
        index += length
      }
    }
    return nil
  }

  private mutating func escape() -> UInt16? {
    let letters: [Character: UInt16] = [
      "\"": 0x22, "\\": 0x5C, "/": 0x2F, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9,
    ]
    if take("u") {
      guard index + 4 <= bytes.count else { return nil }
      let digits = bytes[index..<index + 4].map { Character(Unicode.Scalar($0)) }
      guard digits.allSatisfy({ $0.isASCII && $0.isHexDigit }) else { return nil }
      index += 4
      return UInt16(String(digits), radix: 16)
    }
    guard let head, let unit = letters[head] else { return nil }
    index += 1
    return unit
  }
}
