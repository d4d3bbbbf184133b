/// What one source says: some of the keys, each with the place that it came from.
///
/// Every value is understood before it gets in, so that a bad one is an error even where a later
/// source overrides it.
struct SettingsLayer: Sendable {
  /// A value and where it stands.
  struct Entry: Sendable {
    var key: SettingKey<Settings>
    var text: SettingText
    var source: SettingsError.Source
  }

  /// The values by the names of their keys.
  private(set) var entries: [String: Entry] = [:]

  /// The names that the source chose, even without a value, by their sections.
  private var members: [String: Set<String>] = [:]

  /// The names that the source chose in a section.
  func names(of family: SettingFamily) -> Set<String> { members[family.section] ?? [] }

  /// Takes a value. A later one for the same key wins.
  mutating func add(
    _ key: SettingKey<Settings>, _ text: SettingText, from source: SettingsError.Source
  ) throws(SettingsError) {
    var scratch = Settings()
    try key.assign(text, to: &scratch, from: source)
    entries[key.name] = Entry(key: key, text: text, source: source)
  }

  /// Takes a name that people chose.
  mutating func add(
    _ name: String, to family: SettingFamily, from source: SettingsError.Source
  ) throws(SettingsError) {
    if let refusal = family.refusal(name) {
      throw SettingsError(
        "\(family.section).\(name)", problem: refusal.problem, source: source,
        remedy: "allowed: \(family.allowedNames)")
    }
    members[family.section, default: []].insert(name)
  }

  /// Takes the name that `key` belongs to, if people chose one.
  mutating func addName(
    of key: SettingKey<Settings>, from source: SettingsError.Source
  ) throws(SettingsError) {
    guard let (family, name) = key.member else { return }
    try add(name, to: family, from: source)
  }
}

extension SettingKey {
  /// Takes a value from its text, or tells what is wrong with it.
  func assign(
    _ text: SettingText, to root: inout Root, from source: SettingsError.Source
  ) throws(SettingsError) {
    do {
      try assign(text, &root)
    } catch {
      throw SettingsError(
        name, value: error.value, problem: error.problem, source: source,
        remedy: "allowed: \(allowed)")
    }
  }
}
