extension SettingsLayer {
  /// What the variables that begin with `FANFARE_` say.
  ///
  /// A variable cannot spell every namespace: it means the one among `namespaces` that has its
  /// letters in any case, with any other character where it has `_`. If there is none, it means a
  /// new namespace in lower case.
  init(
    environment: [String: String], namespaces: Set<String>
  ) throws(SettingsError) {
    self.init()
    let known = Dictionary(grouping: namespaces.sorted()) { SettingKeys.variable(for: [$0]) }
    for (variable, value) in environment.sorted(by: { $0.key < $1.key })
    where variable.hasPrefix("FANFARE_") {
      let source = SettingsError.Source.environment(name: variable)
      if let key = SettingsLayer.fixedByVariable[variable] {
        try add(key, SettingText(line: value, isList: key.isList), from: source)
      } else if let (name, leaf) = SettingsLayer.namespace(in: variable) {
        let name = try SettingsLayer.choose(name, among: known, for: variable)
        try add(namespace: name, from: source)
        for key in SettingKeys.ofNamespace(name) where key.path.last == leaf {
          try add(key, SettingText(line: value, isList: key.isList), from: source)
        }
      } else if !ForeignVariable.matches(variable, value) {
        throw SettingKeys.unknown(variable: variable)
      }
    }
  }

  private static let fixedByVariable = Dictionary(
    SettingKeys.fixed.map { ($0.variable, $0) }, uniquingKeysWith: { first, _ in first })

  /// The namespace's letters and the last name of the key: `("MY_APP", "ttl")` for
  /// `FANFARE_NAMESPACES_MY_APP_TTL`.
  private static func namespace(in variable: String) -> (name: String, leaf: String)? {
    let prefix = SettingKeys.variable(for: ["namespaces", ""])
    guard variable.hasPrefix(prefix) else { return nil }
    for key in SettingKeys.namespace {
      let suffix = "_" + key.name.uppercased()
      let name = variable.dropFirst(prefix.count)
      if name.hasSuffix(suffix), name.count > suffix.count {
        return (String(name.dropLast(suffix.count)), key.name)
      }
    }
    return nil
  }

  private static func choose(
    _ letters: String, among known: [String: [String]], for variable: String
  ) throws(SettingsError) -> String {
    let candidates = known["FANFARE_" + letters] ?? []
    guard candidates.count > 1 else { return candidates.first ?? letters.lowercased() }
    throw SettingsError(
      variable, problem: "fits several namespaces: \(candidates.joined(separator: ", "))",
      source: .environment(name: variable), remedy: "set it in the configuration file")
  }
}
