import FanfareActors

/// A section in which people choose names, each with the same keys below it: `namespaces.project`,
/// `queues.agent_queue`.
struct SettingFamily: Sendable {
  /// The name of the section.
  let section: String
  /// What the names name, in the plural.
  let noun: String
  /// What a name may be, as the object of "allowed: ".
  let allowedNames: String
  /// Whether a variable may bring a name that is nowhere else.
  var isOpenToVariables = true
  /// The names of the keys below a name: `ttl`, `retry.base`.
  let leaves: [String]
  /// The keys of a name, with their whole paths.
  let keys: @Sendable (String) -> [SettingKey<Settings>]
  /// Why nothing can be called so, or nil if it can.
  let refusal: @Sendable (String) -> SettingRefusal?
  /// The names that the settings hold, in their order.
  let names: @Sendable (Settings) -> [String]
  /// Begins with what a name has that nothing is said of, unless it is there.
  let begin: @Sendable (String, inout Settings) -> Void
}

extension SettingFamily {
  /// A section of parts of one type.
  ///
  /// - Parameters:
  ///   - name: what the settings call a name; nil where nothing can be called so.
  ///   - initial: what a name begins with.
  init<Name: PlainName, Part: Sendable>(
    _ section: String, _ noun: String, keys template: [SettingKey<Part>],
    parts: any WritableKeyPath<Settings, [Name: Part]> & Sendable,
    initial: @escaping @Sendable (Name) -> Part
  ) {
    self.section = section
    self.noun = noun
    allowedNames = Name.rule
    leaves = template.map(\.name)
    let begun: @Sendable (String, Settings) -> Part = { text, settings in
      let name = Name(checked: text)
      return settings[keyPath: parts][name] ?? initial(name)
    }
    keys = { name in
      template.map { key in
        SettingKey(
          key, under: [section, name], get: { begun(name, $0) },
          set: { $1[keyPath: parts][Name(checked: name)] = $0 })
      }
    }
    refusal = { text in
      Name(text) == nil
        ? SettingRefusal(value: text, problem: "is no name for one of the \(noun)")
        : nil
    }
    names = { $0[keyPath: parts].keys.sorted().map(\.text) }
    begin = { $1[keyPath: parts][Name(checked: $0)] = begun($0, $1) }
  }
}

extension SettingKeys {
  /// All sections in which people choose names, in the order of a configuration file.
  static let families = [budgets, queues, tasks, namespaces]

  /// The budgets of rate keys, beside the node's own limits.
  static let budgets: SettingFamily = {
    var family = SettingFamily(
      "limits", "rate keys", keys: budget, parts: \.budgets, initial: { _ in RateBudget() })
    // A mistyped limit would else be taken for one.
    family.isOpenToVariables = false
    return family
  }()

  /// The queues.
  static let queues = SettingFamily(
    "queues", "queues", keys: queue, parts: \.queues,
    initial: { QueueSettings.usual[$0] ?? QueueSettings() })

  /// The tasks that programs do.
  static let tasks: SettingFamily = {
    var family = SettingFamily(
      "tasks", "tasks", keys: task, parts: \.tasks,
      initial: { _ in CommandTask(queue: "agent_queue", exec: []) })
    family.isOpenToVariables = false
    return family
  }()

  /// The namespaces.
  static let namespaces = SettingFamily(
    section: "namespaces", noun: "namespaces", allowedNames: namespaceAllowed,
    leaves: namespace.map(\.name), keys: ofNamespace, refusal: refusal(ofNamespace:),
    names: { $0.namespaces.keys.sorted() },
    begin: { $1.namespaces[$0] = $1.namespaces[$0] ?? $1.namespaceDefaults })
}
