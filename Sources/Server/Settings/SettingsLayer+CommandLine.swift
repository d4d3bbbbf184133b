extension SettingsLayer {
  /// What flags say. A later one wins.
  init(overrides: [(key: String, value: String)]) throws(SettingsError) {
    self.init()
    for (name, value) in overrides {
      let path = SettingsLayer.path(of: name)
      switch SettingKeys.place(at: path) {
      case .key(let key):
        if let namespace = key.namespace { try add(namespace: namespace, from: .commandLine) }
        try add(key, SettingText(line: value, isList: key.isList), from: .commandLine)
      case .section(let names):
        throw SettingsLayer.incomplete(name, names.isEmpty ? ["NAME"] : names)
      case .namespace:
        throw SettingsLayer.incomplete(name, SettingKeys.namespace.map(\.name))
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

  /// The name of a namespace may itself contain dots: `namespaces.a.b.ttl` is the `ttl` of `a.b`.
  private static func path(of name: String) -> [String] {
    let names = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard names.count > 3, names[0] == "namespaces", let leaf = names.last else { return names }
    return ["namespaces", names[1..<(names.count - 1)].joined(separator: "."), leaf]
  }
}
