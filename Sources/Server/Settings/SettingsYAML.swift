/// Settings as the text of a configuration file that gives every key.
enum SettingsYAML {
  /// The text. Read back, it gives the same settings.
  ///
  /// - Parameters:
  ///   - showsPasswords: Whether they are in it; otherwise `***` stands in their place.
  ///   - comment: The lines to put above a key, without `#`.
  static func text(
    of settings: Settings, showsPasswords: Bool = false,
    comment: (SettingKey<Settings>) -> [String] = { _ in [] }
  ) -> String {
    var lines: [String] = []
    var section: [String] = []
    for key in SettingKeys.all(in: settings) {
      let comments = comment(key)
      if !comments.isEmpty, !lines.isEmpty { lines.append("") }
      let parents = key.path.dropLast()
      let shared = zip(parents, section).prefix { $0 == $1 }.count
      for (depth, name) in parents.enumerated().dropFirst(shared) {
        lines.append(indent(depth) + quoted(name) + ":")
      }
      section = Array(parents)
      let margin = indent(parents.count)
      lines += comments.map { "\(margin)# \($0)" }
      let name = key.path.last.map(quoted) ?? ""
      lines.append(
        "\(margin)\(name): \(value(showsPasswords ? key.text(settings) : key.shown(settings)))")
    }
    for family in SettingKeys.families
    where family.names(settings).isEmpty && !lines.contains("\(family.section):") {
      lines.append("\(family.section): {}")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func indent(_ depth: Int) -> String {
    String(repeating: "  ", count: depth)
  }

  private static func value(_ text: SettingText) -> String {
    switch text {
    case .one(let text): quoted(text)
    case .many(let texts): "[" + texts.map(quoted).joined(separator: ", ") + "]"
    }
  }

  /// A scalar as it is where YAML cannot take it for anything else, otherwise in double quotes.
  private static func quoted(_ text: String) -> String {
    let isPlain = text.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        true
      default: "-_.:".utf8.contains(byte)
      }
    }
    let first = text.utf8.first ?? UInt8(ascii: "-")
    if isPlain, !"-:.".utf8.contains(first), text.utf8.last != UInt8(ascii: ":"),
      !["null", "Null", "NULL"].contains(text)
    {
      return text
    }
    let escaped = text.map { "\"\\".contains($0) ? "\\\($0)" : "\($0)" }.joined()
    return "\"\(escaped)\""
  }
}
