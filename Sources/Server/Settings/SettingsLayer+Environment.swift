extension SettingsLayer {
  /// What the variables that begin with `FANFARE_` say.
  ///
  /// A variable cannot spell every name: it means the one that `names` knows in its section and
  /// that has its letters in any case, with any other character where it has `_`. If there is none,
  /// it means a new name in lower case, where the section has room for such.
  init(
    environment: [String: String], names: (SettingFamily) -> Set<String>
  ) throws(SettingsError) {
    self.init()
    var known: [String: [String: [String]]] = [:]
    for family in SettingKeys.families {
      known[family.section] = Dictionary(grouping: names(family).sorted()) {
        SettingKeys.variable(for: [$0])
      }
    }
    for (variable, value) in environment.sorted(by: { $0.key < $1.key })
    where variable.hasPrefix("FANFARE_") {
      let source = SettingsError.Source.environment(name: variable)
      if let key = SettingsLayer.fixedByVariable[variable] {
        try add(key, SettingText(line: value, isList: key.isList), from: source)
      } else if let (family, letters, leaf) = SettingsLayer.member(in: variable),
        let name = try SettingsLayer.choose(
          letters, of: family, among: known[family.section] ?? [:], for: variable)
      {
        try add(name, to: family, from: source)
        for key in family.keys(name) where key.path.dropFirst(2).joined(separator: ".") == leaf {
          try add(key, SettingText(line: value, isList: key.isList), from: source)
        }
      } else if !ForeignVariable.matches(variable, value) {
        throw SettingKeys.unknown(variable: variable)
      }
    }
  }

  private static let fixedByVariable = Dictionary(
    SettingKeys.fixed.map { ($0.variable, $0) }, uniquingKeysWith: { first, _ in first })

  /// The section, the name's letters and the key below the name: `NAMESPACES`, `MY_APP` and `ttl`
  /// for `FANFARE_NAMESPACES_MY_APP_TTL`.
  private static func member(
    in variable: String
  ) -> (family: SettingFamily, letters: String, leaf: String)? {
    for family in SettingKeys.families {
      let prefix = SettingKeys.variable(for: [family.section, ""])
      guard variable.hasPrefix(prefix) else { continue }
      let name = variable.dropFirst(prefix.count)
      for leaf in family.leaves {
        let suffix = SettingKeys.variable(for: [leaf]).dropFirst("FANFARE".count)
        if name.hasSuffix(suffix), name.count > suffix.count {
          return (family, String(name.dropLast(suffix.count)), leaf)
        }
      }
    }
    return nil
  }

  private static func choose(
    _ letters: String, of family: SettingFamily, among known: [String: [String]],
    for variable: String
  ) throws(SettingsError) -> String? {
    let candidates = known["FANFARE_" + letters] ?? []
    guard candidates.count > 1 else {
      return candidates.first ?? (family.isOpenToVariables ? letters.lowercased() : nil)
    }
    throw SettingsError(
      variable, problem: "fits several \(family.noun): \(candidates.joined(separator: ", "))",
      source: .environment(name: variable), remedy: "set it in the configuration file")
  }
}
