import Configuration

extension Settings {
  /// The defaults, and over them what the layers say. Of several layers that say something about a
  /// key, the last one wins.
  init(layers: [SettingsLayer]) throws(SettingsError) {
    let providers = layers.reversed().map { layer in
      InMemoryProvider(values: layer.configValues)
    }
    self.init()
    guard !providers.isEmpty else { return }
    let reader = ConfigReader(providers: providers).snapshot()
    for key in SettingKeys.fixed { try take(key, from: reader, layers) }
    // A namespace starts from the defaults, so it comes after them.
    for family in SettingKeys.families {
      for name in Set(layers.flatMap { $0.names(of: family) }).sorted() {
        family.begin(name, &self)
        for key in family.keys(name) { try take(key, from: reader, layers) }
      }
    }
  }

  private mutating func take(
    _ key: SettingKey<Settings>, from reader: ConfigSnapshotReader, _ layers: [SettingsLayer]
  ) throws(SettingsError) {
    let path = ConfigKey(key.path)
    let text: SettingText? =
      if key.isList {
        reader.stringArray(forKey: path).map(SettingText.many)
      } else {
        reader.string(forKey: path).map(SettingText.one)
      }
    guard let text else { return }
    try key.assign(text, to: &self, from: layers.source(of: key.name))
  }
}

extension SettingsLayer {
  fileprivate var configValues: [AbsoluteConfigKey: ConfigValue] {
    var values: [AbsoluteConfigKey: ConfigValue] = [:]
    for entry in entries.values {
      values[AbsoluteConfigKey(entry.key.path)] = ConfigValue(
        entry.text.configContent, isSecret: false)
    }
    return values
  }
}

extension SettingText {
  fileprivate var configContent: ConfigContent {
    switch self {
    case .one(let text): .string(text)
    case .many(let texts): .stringArray(texts)
    }
  }
}
