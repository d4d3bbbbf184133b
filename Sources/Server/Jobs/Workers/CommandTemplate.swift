/// A program and its arguments, with places for what a job brings.
struct CommandTemplate: Equatable {
  /// Why there is no such command.
  struct Fault: Error, Equatable {
    let problem: String
  }

  /// Linux takes no longer argument (`MAX_ARG_STRLEN`), and counts the zero at its end.
  static let elementBytesMax = 128 * 1024 - 1

  private enum Part: Equatable {
    case text(String)
    case argument(String)
  }

  private let elements: [[Part]]

  /// Takes `exec` of the configuration apart.
  init(_ exec: [String]) throws(Fault) {
    guard let program = exec.first, !program.isEmpty else { throw Fault(problem: "no program") }
    var elements: [[Part]] = []
    for element in exec { elements.append(try Self.parts(of: element)) }
    // A job must not choose what is run.
    guard elements[0].allSatisfy({ if case .text = $0 { true } else { false } }) else {
      throw Fault(problem: "a placeholder in place of the program: \(program)")
    }
    self.elements = elements
  }

  private static func parts(of element: String) throws(Fault) -> [Part] {
    guard !element.utf8.contains(0) else { throw Fault(problem: "a zero byte") }
    var parts: [Part] = []
    var text = ""
    var rest = Substring(element)
    while let brace = rest.firstIndex(of: "{") {
      text += rest[..<brace]
      rest = rest[rest.index(after: brace)...]
      if rest.first == "{" {
        text.append("{")
        rest.removeFirst()
        continue
      }
      guard let end = rest.firstIndex(of: "}") else {
        throw Fault(problem: "a brace that nothing closes: \(element)")
      }
      let name = String(rest[..<end])
      guard isName(name) else { throw Fault(problem: "no name of a member: {\(name)}") }
      if !text.isEmpty { parts.append(.text(text)) }
      text = ""
      parts.append(.argument(name))
      rest = rest[rest.index(after: end)...]
    }
    text += rest
    if !text.isEmpty || parts.isEmpty { parts.append(.text(text)) }
    return parts
  }

  private static func isName(_ text: String) -> Bool {
    !text.isEmpty
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"),
          UInt8(ascii: "."):
          true
        default: false
        }
      }
  }

  /// The command for one job, whose arguments are one JSON value.
  ///
  /// - Throws: one sentence for whoever enqueued it; another attempt would not help.
  func filled(from arguments: [UInt8]) throws(Fault) -> [String] {
    // A job that takes no arguments may have any.
    let fields = JSONFields(arguments)
    var words: [String] = []
    for element in elements {
      var word = ""
      for part in element {
        switch part {
        case .text(let text): word += text
        case .argument(let name): word += try Self.value(of: name, in: fields)
        }
      }
      guard word.utf8.count <= Self.elementBytesMax else {
        throw Fault(problem: "an argument has more than \(Self.elementBytesMax) bytes")
      }
      words.append(word)
    }
    return words
  }

  private static func value(of name: String, in fields: JSONFields?) throws(Fault) -> String {
    guard let fields else { throw Fault(problem: "args must be an object with \"\(name)\"") }
    guard let raw = fields.raw(name) else { throw Fault(problem: "args lack \"\(name)\"") }
    let text: String
    switch raw.first.flatMap(JSONKind.init(firstByte:)) {
    case .string: text = fields.string(name) ?? ""
    case .number: text = String(decoding: raw, as: UTF8.self)
    case .object, .array, .true, .false, .null, nil:
      throw Fault(problem: "\"\(name)\" of args must be a string or a number")
    }
    // It would be an option of the program, not a value. A character may begin with the byte, too.
    guard text.utf8.first != UInt8(ascii: "-") else {
      throw Fault(problem: "\"\(name)\" of args must not begin with -")
    }
    guard !text.utf8.contains(0) else {
      throw Fault(problem: "\"\(name)\" of args holds a zero byte")
    }
    return text
  }
}
