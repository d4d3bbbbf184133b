extension Settings {
  /// The settings in effect as YAML with every key, as `fanfare config check` prints them. Loaded
  /// as a configuration file it gives the same settings.
  public func describe() -> String {
    SettingsYAML.text(of: self)
  }
}
