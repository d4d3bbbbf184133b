import Yams

extension SettingsLayer {
  /// What a YAML text says.
  ///
  /// The tree is walked along the known keys only, so that neither depth nor aliases can make the
  /// walk longer than the keys allow.
  init(yaml text: String, path file: String) throws(SettingsError) {
    self.init()
    switch try SettingsLayer.root(of: text, file: file) {
    case nil:
      break
    case .mapping(let mapping):
      try add(mapping, at: [], in: file)
    case .scalar(let scalar) where scalar.isEmptyValue:
      break
    case .scalar(let scalar):
      throw SettingsFile.refusal(
        of: file, "is not a mapping of keys to values", line: scalar.mark?.line)
    case .sequence(let sequence):
      throw SettingsFile.refusal(
        of: file, "is not a mapping of keys to values", line: sequence.mark?.line)
    case .alias(let alias):
      throw SettingsFile.refusal(
        of: file, "is not a mapping of keys to values", line: alias.mark?.line)
    }
  }

  private mutating func add(
    _ mapping: Node.Mapping, at prefix: [String], in file: String
  ) throws(SettingsError) {
    var lines: [String: Int] = [:]
    for (nameNode, value) in mapping {
      let line = nameNode.mark?.line ?? mapping.mark?.line ?? 1
      let source = SettingsError.Source.file(path: file, line: line)
      guard let name = nameNode.scalar?.string else {
        throw SettingsFile.refusal(of: file, "has a key that is not text", line: line)
      }
      let path = prefix + [name]
      // The parser finds equal keys; `1` and `"1"` are equal only here.
      if let before = lines.updateValue(line, forKey: name) {
        throw SettingsLayer.duplicate(
          path.joined(separator: "."), .file(path: file, line: before))
      }
      switch SettingKeys.place(at: path, hasKeys: value.mapping != nil) {
      case .key(let key):
        try add(key, SettingsLayer.text(of: value, for: key, from: source), from: source)
      case .section(let names):
        try add(
          section: value, at: path, allowed: "the keys \(names.joined(separator: ", "))",
          from: source, in: file)
      case .family(let family):
        try add(
          section: value, at: path, allowed: "names of \(family.noun), each with its keys",
          from: source, in: file)
      case .member(let family, let name):
        try add(name, to: family, from: source)
        try add(
          section: value, at: path, allowed: "the keys \(family.leaves.joined(separator: ", "))",
          from: source, in: file)
      case .unknown:
        throw SettingKeys.unknown(path, source)
      }
    }
  }

  /// A section whose keys are all commented out has no value and says nothing.
  private mutating func add(
    section value: Node, at path: [String], allowed: String, from source: SettingsError.Source,
    in file: String
  ) throws(SettingsError) {
    switch value {
    case .mapping(let mapping):
      try add(mapping, at: path, in: file)
    case .scalar(let scalar) where scalar.isEmptyValue:
      break
    case .scalar, .sequence, .alias:
      throw SettingsError(
        // A URL in this place may hold a password.
        path.joined(separator: "."), value: path == ["redis"] ? nil : value.scalar?.string,
        problem: "is not a mapping", source: source, remedy: "allowed: \(allowed)")
    }
  }

  private static func text(
    of value: Node, for key: SettingKey<Settings>, from source: SettingsError.Source
  ) throws(SettingsError) -> SettingText {
    func refusal(_ problem: String, value: String? = nil) -> SettingsError {
      SettingsError(
        key.name, value: value, problem: problem, source: source,
        remedy: "allowed: \(key.allowed)")
    }
    switch value {
    case .scalar(let scalar):
      if scalar.isEmptyValue { throw refusal("has no value") }
      if key.isList { throw refusal("is not a list", value: scalar.string) }
      return .one(scalar.string)
    case .sequence(let sequence):
      guard key.isList else { throw refusal("is a list, not one value") }
      var entries: [String] = []
      for entry in sequence {
        guard let scalar = entry.scalar, !scalar.isEmptyValue else {
          throw refusal("has an entry that is not text")
        }
        entries.append(scalar.string)
      }
      return .many(entries)
    case .mapping:
      throw refusal(key.isList ? "is a mapping, not a list" : "is a mapping, not one value")
    case .alias:
      throw refusal("is an alias of nothing")
    }
  }
}

extension SettingsLayer {
  private static func root(of text: String, file: String) throws(SettingsError) -> Node? {
    do {
      return try Parser(yaml: text, encoding: .utf8).singleRoot()
    } catch let error as YamlError {
      throw refusal(error, of: text, file: file)
    } catch {
      throw SettingsFile.refusal(of: file, "is not YAML")
    }
  }

  private static func refusal(_ error: YamlError, of text: String, file: String) -> SettingsError {
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      return SettingsFile.refusal(of: file, "is not YAML: \(problem)", line: mark.line)
    case .reader(let problem, let offset, _, _):
      let line = offset.map { text.prefix($0).count { $0.isNewline } + 1 }
      return SettingsFile.refusal(of: file, "is not YAML: \(problem)", line: line)
    case .duplicatedKeysInMapping(let names, let context):
      return duplicate(names.first ?? "a key", .file(path: file, line: context.mark.line))
    case .no, .memory, .writer, .emitter, .representer, .dataCouldNotBeDecoded:
      return SettingsFile.refusal(of: file, "is not YAML")
    }
  }

  private static func duplicate(_ name: String, _ source: SettingsError.Source) -> SettingsError {
    SettingsError(name, problem: "is given twice", source: source, remedy: "allowed: each key once")
  }
}

extension Node.Scalar {
  /// Whether YAML takes the scalar for nothing: `key:`, `key: ~` or `key: null`.
  fileprivate var isEmptyValue: Bool {
    style == .plain && ["", "~", "null", "Null", "NULL"].contains(string)
  }
}
