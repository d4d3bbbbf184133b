extension SettingsLayer {
  /// What flags say. A later one wins.
  init(overrides: [(key: String, value: String)]) throws(SettingsError) {
    self.init()
    for (name, value) in overrides {
      let path = SettingsLayer.path(of: name)
      switch SettingKeys.place(at: path, hasKeys: false) {
      case .key(let key):
        try addName(of: key, from: .commandLine)
        try add(key, SettingText(line: value, isList: key.isList), from: .commandLine)
      case .section(let names):
        throw SettingsLayer.incomplete(name, names)
      case .family:
        throw SettingsLayer.incomplete(name, ["NAME"])
      case .member(let family, _):
        throw SettingsLayer.incomplete(name, family.leaves)
      case .unknown:
        throw SettingKeys.unknown(path, .commandLine)
      }
    }
  }

  private static func incomplete(_ name: String, _ names: [String]) -> SettingsError {
    SettingsError(
      name, problem: "has keys, not a value", source: .commandLine,
      remedy: "allowed: " + names.map { "\(name).\($0)" }.joined(separator: ", "))
  }

  /// A name that people chose may itself contain dots: `namespaces.a.b.ttl` is the `ttl` of `a.b`.
  private static func path(of name: String) -> [String] {
    let names = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard names.count > 3,
      let family = SettingKeys.families.first(where: { $0.section == names[0] })
    else { return names }
    let leaves = family.leaves.map { $0.split(separator: ".").map(String.init) }
    let leaf = leaves.first { names.count > $0.count + 1 && names.suffix($0.count) == $0[...] }
    let count = leaf?.count ?? 1
    return [names[0], names[1..<(names.count - count)].joined(separator: ".")]
      + names.suffix(count)
  }
}
