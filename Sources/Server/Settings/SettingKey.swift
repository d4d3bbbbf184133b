/// One key of the configuration: how it is called, what it may be, what it does.
///
/// Reading, checking, printing and the reference all go by the same key, so that none of them can
/// know a key that another does not. `Root` is what the key is a part of.
struct SettingKey<Root: Sendable>: Sendable {
  /// The names from the top of the configuration down: `["log", "level"]`.
  var path: [String]

  /// What may be written, as the object of "allowed: ".
  var allowed: String

  /// Whether the value is a list.
  var isList: Bool

  /// What the key means, in sentences. The first one is a summary.
  var meaning: String

  /// What happens at the bound that the key sets. Nil if it sets none.
  var atBound: String?

  /// Takes a value from its text.
  var assign: @Sendable (SettingText, inout Root) throws(SettingRefusal) -> Void

  /// The value as text, in its shortest form.
  var text: @Sendable (Root) -> SettingText

  /// The same as people may see it: without a password.
  var shown: @Sendable (Root) -> SettingText

  /// Why the value is not allowed, or nil if it is.
  var refusal: @Sendable (Root) -> SettingRefusal?

  /// A key for the part of `Root` at `location`. `name` is the path with its names joined by `.`.
  init<Value>(
    _ name: String, _ location: any WritableKeyPath<Root, Value> & Sendable,
    _ form: SettingForm<Value>, _ meaning: String, atBound: String? = nil
  ) {
    path = name.split(separator: ".").map(String.init)
    allowed = form.allowed
    isList = form.isList
    self.meaning = meaning
    self.atBound = atBound
    assign = { (text, root) throws(SettingRefusal) in root[keyPath: location] = try form.read(text)
    }
    text = { form.write($0[keyPath: location]) }
    shown = { root in
      let text = form.write(root[keyPath: location])
      return form.hide?(text) ?? text
    }
    refusal = { form.refusal(of: $0[keyPath: location]) }
  }

  /// The path as messages write it: `log.level`.
  var name: String { path.joined(separator: ".") }

  /// The name that the key belongs to, and its section. Nil for a key with a fixed path.
  var member: (family: SettingFamily, name: String)? {
    guard path.count > 2, let family = SettingKeys.families.first(where: { $0.section == path[0] })
    else { return nil }
    return (family, path[1])
  }

  /// The environment variable: `FANFARE_LOG_LEVEL`.
  var variable: String { SettingKeys.variable(for: path) }
}

extension SettingKey where Root == Settings {
  /// The same key as a part of something that the settings hold.
  init<Part>(
    _ key: SettingKey<Part>, under prefix: [String],
    get: @escaping @Sendable (Settings) -> Part,
    set: @escaping @Sendable (Part, inout Settings) -> Void
  ) {
    path = prefix + key.path
    allowed = key.allowed
    isList = key.isList
    meaning = key.meaning
    atBound = key.atBound
    assign = { (text, settings) throws(SettingRefusal) in
      var part = get(settings)
      try key.assign(text, &part)
      set(part, &settings)
    }
    text = { key.text(get($0)) }
    shown = { key.shown(get($0)) }
    refusal = { key.refusal(get($0)) }
  }
}
