extension Settings {
  /// The settings in effect as YAML with every key, as `fanfare config check` prints them. Loaded
  /// as a configuration file it gives the same settings, but for passwords, which are `***` unless
  /// asked for.
  public func describe(showingPasswords: Bool = false) -> String {
    SettingsYAML.text(of: self, showsPasswords: showingPasswords)
  }
}
