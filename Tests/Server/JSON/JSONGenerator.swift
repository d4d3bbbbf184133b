import FanfareRuntime
import FanfareTestKit

/// Writes random JSON and remembers what it wrote and where.
struct JSONGenerator {
  private(set) var random: SeededGenerator
  private(set) var bytes: [UInt8] = []

  init(seed: UInt64) {
    random = SeededGenerator(seed: seed)
  }

  /// A document with white space around its value.
  static func document(seed: UInt64, isObject: Bool = false) -> ([UInt8], JSONModelNode) {
    var generator = JSONGenerator(seed: seed)
    generator.white()
    let node = isObject ? generator.object(depth: 4) : generator.value(depth: 4)
    generator.white()
    return (generator.bytes, node)
  }

  private mutating func put(_ text: String) {
    bytes.append(contentsOf: text.utf8)
  }

  private mutating func white() {
    while random.isOne(in: 3) { put(random.pick([" ", "\t", "\n", "\r"])) }
  }

  private mutating func value(depth: Int) -> JSONModelNode {
    switch random.below(depth > 0 ? 6 : 3) {
    case 0: return string()
    case 1: return number()
    case 2:
      let word = random.pick(["true", "false", "null"])
      return node { generator in
        generator.put(word)
        return .word(word)
      }
    case 3, 4: return object(depth: depth)
    default: return array(depth: depth)
    }
  }

  private mutating func node(
    _ write: (inout JSONGenerator) -> JSONModelNode.Content
  ) -> JSONModelNode {
    let start = bytes.count
    let content = write(&self)
    return JSONModelNode(range: start..<bytes.count, content: content)
  }

  private mutating func object(depth: Int) -> JSONModelNode {
    node { generator in
      generator.put("{")
      generator.white()
      var members: [JSONModelNode.Member] = []
      for index in 0..<generator.random.below(6) {
        if index > 0 { generator.put(",") }
        generator.white()
        guard case .string(let key) = generator.string(suffix: "\(index)").content else { continue }
        generator.white()
        generator.put(":")
        generator.white()
        members.append(.init(key: key, value: generator.value(depth: depth - 1)))
        generator.white()
      }
      generator.put("}")
      return .object(members)
    }
  }

  private mutating func array(depth: Int) -> JSONModelNode {
    node { generator in
      generator.put("[")
      generator.white()
      var elements: [JSONModelNode] = []
      for index in 0..<generator.random.below(6) {
        if index > 0 { generator.put(",") }
        generator.white()
        elements.append(generator.value(depth: depth - 1))
        generator.white()
      }
      generator.put("]")
      return .array(elements)
    }
  }

  private mutating func number() -> JSONModelNode {
    var text = random.isOne(in: 2) ? "-" : ""
    text += random.isOne(in: 4) ? "0" : "\(1 + random.below(9))\(digits(0))"
    if random.isOne(in: 3) { text += ".\(digits(1))" }
    if random.isOne(in: 3) {
      text += random.pick(["e", "E"]) + random.pick(["", "+", "-"]) + digits(1)
    }
    return node { generator in
      generator.put(text)
      return .number(text)
    }
  }

  private mutating func digits(_ least: Int) -> String {
    (0..<least + random.below(5)).map { _ in "\(random.below(10))" }.joined()
  }

  /// A string; `suffix` makes a key unlike its neighbours.
  private mutating func string(suffix: String = "") -> JSONModelNode {
    node { generator in
      generator.put("\"")
      var text = ""
      for _ in 0..<generator.random.below(7) { text += generator.piece() }
      generator.put(suffix + "\"")
      return .string(text + suffix)
    }
  }

  /// Writes one character, and says which it is.
  private mutating func piece() -> String {
    switch random.below(6) {
    case 0:
      let (written, meant) = random.pick([
        ("\\\"", "\""), ("\\\\", "\\"), ("\\/", "/"), ("\\b", "\u{8}"), ("\\f", "\u{c}"),
        ("\\n", "\n"), ("\\r", "\r"), ("\\t", "\t"), ("\\u0000", "\0"), ("\\u00e9", "é"),
        ("\\u20AC", "€"), ("\\ud83d\\ude00", "😀"), ("\\uDBFF\\uDFFF", "\u{10FFFF}"),
      ])
      put(written)
      return meant
    case 1:
      // Alone, because the character after it can not be the other half.
      put(random.pick(["\\ud800", "\\uDBFF", "\\udc00", "\\uDFFF"]) + "x")
      return "\u{FFFD}x"
    case 2:
      let text = random.pick(["é", "€", "😀", "\u{2028}", "\u{7f}", "\u{80}", "\u{10FFFF}", "ü"])
      put(text)
      return text
    default:
      let text = random.pick(["a", "{", "}", "[", "]", ",", ":", " ", "/", "u", "0", "'"])
      put(text)
      return text
    }
  }
}
