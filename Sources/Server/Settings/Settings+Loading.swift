extension Settings {
  /// Reads the settings: the defaults, over them the file, the environment and the flags. A later
  /// one wins.
  ///
  /// - Parameters:
  ///   - file: The path of a YAML file, which must exist. Nil for `fanfare.yaml` in the current
  ///     directory, which need not.
  ///   - environment: All variables of the process. Those that begin with `FANFARE_` count.
  ///   - overrides: The flags as pairs of key and value, in their order: `("log.level", "debug")`.
  ///     A list is written with commas.
  /// - Throws: The first thing that is wrong: an unknown key, a bad value (even one that is
  ///   overridden), an impossible combination, or a file that cannot be read.
  public static func load(
    file: String?, environment: [String: String], overrides: [(key: String, value: String)]
  ) throws(SettingsError) -> Settings {
    try load(
      file: file, environment: environment, overrides: overrides,
      defaultFile: SettingsFile.defaultPath)
  }

  /// The same with another default file.
  static func load(
    file: String?, environment: [String: String], overrides: [(key: String, value: String)],
    defaultFile: String
  ) throws(SettingsError) -> Settings {
    let path = file ?? defaultFile
    let text = try SettingsFile.text(at: path)
    if text == nil, file != nil { throw SettingsFile.refusal(of: path, "does not exist") }
    let fileLayer = try text.map { (text) throws(SettingsError) in
      try SettingsLayer(yaml: text, path: path)
    }
    return try load(file: fileLayer ?? SettingsLayer(), environment, overrides)
  }

  private static func load(
    file: SettingsLayer, _ environment: [String: String],
    _ overrides: [(key: String, value: String)]
  ) throws(SettingsError) -> Settings {
    let flags = try SettingsLayer(overrides: overrides)
    // A variable cannot spell every name, so it is read last, when the others are known.
    let variables = try SettingsLayer(environment: environment) { family in
      file.names(of: family).union(flags.names(of: family)).union(family.names(Settings()))
    }
    let layers = [file, variables, flags]
    let settings = try Settings(layers: layers)
    do {
      try settings.validate()
    } catch {
      var sourced = error
      sourced.source = layers.source(of: error.key)
      throw sourced
    }
    return settings
  }
}

extension [SettingsLayer] {
  /// Where the value of a key came from: the last layer that has one.
  func source(of name: String) -> SettingsError.Source {
    last { $0.entries[name] != nil }?.entries[name]?.source ?? .byDefault
  }
}
