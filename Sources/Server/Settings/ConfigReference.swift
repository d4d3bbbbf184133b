import FanfareActors

/// The reference of all keys, made from the keys themselves.
public enum ConfigReference {
  /// The reference as Markdown, as `fanfare config reference` prints it.
  public static let markdown =
    [
      "# Configuration", introduction, "## Example", "```yaml\n\(example)```",
      paragraphs(
        """
        Every key stands at its default. A file needs only the keys that differ.
        """),
      writing,
      section("Serving", SettingKeys.serving),
      section("Redis", SettingKeys.redis),
      section("Namespaces and retention", SettingKeys.retention),
      namespaceSection,
      section("Jobs", SettingKeys.jobs),
      section("Queues", queues, SettingKeys.queues),
      section("Budgets", budgets, SettingKeys.budgets),
      section("Tasks", tasks, SettingKeys.tasks),
      section("Limits", SettingKeys.limits),
    ].joined(separator: "\n\n") + "\n"

  /// A configuration file with every key at its default and one namespace, explained.
  static let example: String = {
    var settings = Settings()
    settings.namespaces["project"] = NamespaceSettings()
    return SettingsYAML.text(of: settings) { key in
      guard key.member == nil else {
        return key.path.last == "history"
          ? ["Channels named project:…; a namespace starts from the defaults above."] : []
      }
      return lines(of: summary(key.meaning), columns: 76)
    }
  }()

  private static let introduction = paragraphs(
    """
    Settings come from the file `fanfare.yaml`, then from environment variables, then from flags; \
    a later one wins. The file need not exist, unless `--config FILE` names one.

    An unknown key, a bad value or an impossible combination stops the start with one line that \
    names the key, the value, where it came from and what is allowed. A bad value is an error even \
    where a later source overrides it. `fanfare config check` says the same without starting, and \
    prints the settings in effect.
    """)

  private static let writing = paragraphs(
    """
    ## How values are written

    - Durations: a whole number with `ms`, `s`, `m`, `h` or `d`, like `250ms`, `15s` or `7d`.
    - Sizes: bytes, or a whole number with `KiB`, `MiB` or `GiB`, like `65536` or `64KiB`.
    - Counts: digits only, like `1000`.
    - Lists: a YAML list in the file; separated by commas in the environment and in flags.
    - Environment variables: `FANFARE_` and the key in upper case, with `_` for any other \
    character: `FANFARE_LOG_LEVEL` for `log.level`.
    - Namespaces in the environment: `FANFARE_NAMESPACES_PROJECT_TTL` is the `ttl` of the \
    namespace of the file that has these letters, else of a new namespace `project`.

    `FANFARE_URL`, `FANFARE_TOKEN` and `FANFARE_CONFIG` are for the command line. Variables that \
    an orchestrator sets for a service called `fanfare`, like `FANFARE_SERVICE_HOST` and \
    `FANFARE_PORT=tcp://…`, are left alone. Any other variable that begins with `FANFARE_` and \
    belongs to no key is an error.
    """)

  private static let namespaceSection: String = {
    let keys = SettingKeys.ofNamespace("NAME").map { key -> String in
      let leaf = key.path.last ?? ""
      return
        "- `\(key.name)`, environment `\(key.variable)`: like `defaults.\(leaf)`, which is its "
        + "default."
    }
    return paragraphs(
      """
      ## Namespaces

      The namespace of a channel is the text before the first `:` of its name, or all of it: \
      `project` for `project:42`. A namespace that is not listed has the `defaults`; one that is \
      listed starts from them. A name is \(SettingKeys.namespaceAllowed), which are reserved.
      """) + "\n\n" + paragraphs(keys.joined(separator: "\n"))
  }()

  private static let queues = """
    The queues `agent_queue`, `git_queue`, `sync_queue` and `cicd_queue` are always there; what is \
    said of them changes them, and further names make further queues. Prefetch and concurrency are \
    1 and 4 for `agent_queue`, 4 and 8 for `git_queue`, 4 and 4 for all others. A name is \
    \(QueueName.rule).
    """

  private static let budgets = """
    A name under `limits` that has keys of its own is a rate key: the budget that all jobs with \
    this `rate_key` share. Rate keys that are not listed have none. In the environment only \
    those can be changed that the file or a flag has. A name is \(RateKey.rule).
    """

  private static let tasks = """
    A task under `tasks` is done by a program that the node starts itself; all others by workers \
    that ask for jobs. In the environment only those can be changed that the file or a flag has. A \
    name is \(TaskName.rule).
    """

  private static func section(_ title: String, _ keys: [SettingKey<Settings>]) -> String {
    (["## \(title)"] + keys.map(entry)).joined(separator: "\n\n")
  }

  private static func section(
    _ title: String, _ introduction: String, _ family: SettingFamily
  ) -> String {
    (["## \(title)", paragraphs(introduction)] + family.keys("NAME").map(entry))
      .joined(separator: "\n\n")
  }

  private static func entry(_ key: SettingKey<Settings>) -> String {
    let text = key.text(Settings()).line
    var facts = [
      "- Environment: `\(key.variable)`",
      text.isEmpty
        ? "- The default is \(key.isList ? "an empty list" : "nothing")."
        : "- The default is `\(text)`.",
      "- Allowed: \(key.allowed).",
    ]
    if let atBound = key.atBound { facts.append("- At the bound: \(atBound)") }
    return paragraphs("### `\(key.name)`\n\n\(key.meaning)\n\n\(facts.joined(separator: "\n"))")
  }

  /// The first sentence.
  private static func summary(_ text: String) -> String {
    guard let end = text.firstRange(of: ". ") else { return text }
    return text[..<end.lowerBound] + "."
  }

  /// Markdown whose lines are broken at 100 columns; what follows a list mark is indented under it.
  private static func paragraphs(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      guard line.hasPrefix("- ") else {
        return lines(of: String(line), columns: 100).joined(separator: "\n")
      }
      return "- " + lines(of: String(line.dropFirst(2)), columns: 98).joined(separator: "\n  ")
    }.joined(separator: "\n")
  }

  private static func lines(of text: String, columns: Int) -> [String] {
    var lines = [""]
    for word in text.split(separator: " ") {
      let line = lines[lines.count - 1]
      if line.isEmpty {
        lines[lines.count - 1] = String(word)
      } else if line.count + 1 + word.count <= columns {
        lines[lines.count - 1] = line + " " + word
      } else {
        lines.append(String(word))
      }
    }
    return lines
  }
}
