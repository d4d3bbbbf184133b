extension SettingKeys {
  /// What stands at a path of the configuration.
  enum Place {
    /// A value.
    case key(SettingKey<Settings>)
    /// Keys with these names.
    case section([String])
    /// Any names, each with its keys.
    case family(SettingFamily)
    /// The keys of a name that people chose.
    case member(SettingFamily, String)
    /// Nothing.
    case unknown
  }

  /// What stands at `path`.
  ///
  /// - Parameter hasKeys: whether keys stand below it where it is written. A name of a section that
  ///   has keys of its own too is told from those by that.
  static func place(at path: [String], hasKeys: Bool) -> Place {
    if let key = fixed.first(where: { $0.path == path }) { return .key(key) }
    let names = fixed.filter { $0.path.starts(with: path) }.map { $0.path[path.count] }
    if !names.isEmpty { return .section(names) }
    guard let family = families.first(where: { $0.section == path.first }) else { return .unknown }
    switch path.count {
    case 1: return .family(family)
    case 2: return hasKeys || !isShared(family) ? .member(family, path[1]) : .unknown
    default:
      let keys = family.keys(path[1])
      if let key = keys.first(where: { $0.path == path }) { return .key(key) }
      let names = keys.filter { $0.path.starts(with: path) }.map { $0.path[path.count] }
      return names.isEmpty ? .unknown : .section(names)
    }
  }

  /// Whether keys with fixed paths stand in the same section.
  private static func isShared(_ family: SettingFamily) -> Bool {
    fixed.contains { $0.path[0] == family.section }
  }

  /// The error about a key that nothing stands at.
  static func unknown(_ path: [String], _ source: SettingsError.Source) -> SettingsError {
    let name = path.joined(separator: ".")
    if let first = path.first, later.contains(first) {
      return SettingsError(
        name, problem: "is not in this version yet", source: source, remedy: "leave it out")
    }
    if path.count == 1, let key = fixed.first(where: { $0.path.count > 1 && $0.name == name }) {
      let (section, leaf) = (key.path[0], key.path[1])
      return SettingsError(
        name, problem: "unknown key", source: source,
        remedy: "write it in its section: \(section): { \(leaf): … }")
    }
    return SettingsError(
      name, problem: "unknown key", source: source, remedy: remedy(for: name, path: path))
  }

  /// The error about a variable that belongs to no key.
  static func unknown(variable: String) -> SettingsError {
    // The prefix is always right, so it must not make anything look near.
    let prefix = "FANFARE_"
    let nearest = NearestKey.nearest(
      to: String(variable.dropFirst(prefix.count)),
      among: fixed.map { String($0.variable.dropFirst(prefix.count)) })
    return SettingsError(
      variable, problem: "unknown key", source: .environment(name: variable),
      remedy: nearest.map { "did you mean \(prefix)\($0)?" } ?? reference)
  }

  /// Keys that the configuration will have, but that this version does not know.
  static let later = ["auth"]

  private static let reference = "fanfare config reference lists the keys"

  private static func remedy(for name: String, path: [String]) -> String {
    let known: [String]
    if path.count > 2, let family = families.first(where: { $0.section == path[0] }) {
      known = family.keys(path[1]).map(\.name)
    } else {
      let sections = Set(fixed.filter { $0.path.count > 1 }.map { $0.path[0] })
      let chosen = families.map(\.section).filter { !sections.contains($0) }
      known = fixed.map(\.name) + sections.sorted() + chosen
    }
    return NearestKey.nearest(to: name, among: known).map { "did you mean \($0)?" } ?? reference
  }
}
