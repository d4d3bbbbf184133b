import FanfareActors

/// Every key there is.
enum SettingKeys {
  /// All keys with a fixed path, in the order of the reference.
  static let fixed: [SettingKey<Settings>] = serving + redis + retention + jobs + limits

  /// All keys that the settings hold: the fixed ones, and those of each name that people chose.
  static func all(in settings: Settings) -> [SettingKey<Settings>] {
    fixed + families.flatMap { $0.names(settings).flatMap($0.keys) }
  }

  /// The keys under `namespaces.NAME`.
  static func ofNamespace(_ name: String) -> [SettingKey<Settings>] {
    namespace.map { key in
      SettingKey(
        key, under: ["namespaces", name],
        get: { $0.namespaces[name] ?? $0.namespaceDefaults },
        set: { $1.namespaces[name] = $0 })
    }
  }

  /// Why a namespace cannot be called so, or nil if it can.
  ///
  /// A namespace is the text before the first `:` of a channel's name, or all of it, so it is
  /// itself the name of a channel.
  static func refusal(ofNamespace name: String) -> SettingRefusal? {
    if ChannelName.reservedNamespaces.contains(name) {
      return SettingRefusal(value: name, problem: "is reserved")
    }
    guard let channel = ChannelName(name), channel.namespace == name else {
      return SettingRefusal(value: name, problem: "is not the name of a namespace")
    }
    return nil
  }

  /// What a namespace may be called, as the object of "allowed: ".
  static let namespaceAllowed =
    "1 to 255 of the characters A-Z a-z 0-9 _ . ~ @ = + -, and neither fanfare nor job"

  /// The environment variable of a path: `FANFARE_LOG_LEVEL` for `["log", "level"]`.
  static func variable(for path: [String]) -> String {
    let text = path.joined(separator: "_").uppercased()
    return "FANFARE_" + String(text.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
  }
}
