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

  /// The namespaces that the source names, even without a value.
  private(set) var namespaces: Set<String> = []

  /// Takes a value. A later one for the same key wins.
  mutating func add(
    _ key: SettingKey<Settings>, _ text: SettingText, from source: SettingsError.Source
  ) throws(SettingsError) {
    var scratch = Settings()
    try key.assign(text, to: &scratch, from: source)
    entries[key.name] = Entry(key: key, text: text, source: source)
  }

  /// Takes the name of a namespace.
  mutating func add(
    namespace name: String, from source: SettingsError.Source
  ) throws(SettingsError) {
    if let refusal = SettingKeys.refusal(ofNamespace: name) {
      throw SettingsError(
        "namespaces.\(name)", problem: refusal.problem, source: source,
        remedy: "allowed: \(SettingKeys.namespaceAllowed)")
    }
    namespaces.insert(name)
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
