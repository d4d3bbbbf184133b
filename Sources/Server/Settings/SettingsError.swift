/// Why a node does not start with the settings it was given, in one line.
public struct SettingsError: Error, Sendable, Equatable, CustomStringConvertible {
  /// Where a value came from.
  public enum Source: Sendable, Equatable, CustomStringConvertible {
    /// The configuration file. Lines count from 1.
    case file(path: String, line: Int)
    /// An environment variable.
    case environment(name: String)
    /// A flag of the command line.
    case commandLine
    /// Nobody gave it: it is the default.
    case byDefault

    /// The source as it stands in the line.
    public var description: String {
      switch self {
      case .file(let path, let line): "\(path) line \(line)"
      case .environment(let name): "\(name) in the environment"
      case .commandLine: "command line"
      case .byDefault: "the default"
      }
    }
  }

  /// The key that is wrong, for example `log.level`; `config` for the file itself.
  public var key: String

  /// The value that is wrong. Nil if the key itself is.
  public var value: String?

  /// What is wrong with it.
  public var problem: String

  /// Where it came from. Nil if a program set it.
  public var source: Source?

  /// What to do: "allowed: …" or "did you mean …?".
  public var remedy: String

  init(
    _ key: String, value: String? = nil, problem: String, source: Source? = nil, remedy: String
  ) {
    self.key = SettingsError.printable(key)
    self.value = value.map(SettingsError.printable)
    self.problem = problem
    self.source = source
    self.remedy = remedy
  }

  /// The whole line, without a line end.
  public var description: String {
    var line = "\(key): "
    if let value { line += "\"\(value)\" " }
    line += problem
    switch source {
    case .environment(let name) where name == key: line += " (environment)"
    case .some(let source): line += " (\(source))"
    case nil: break
    }
    return "\(line); \(remedy)"
  }

  /// What a source wrote may hold anything; a report shows its beginning, on one line.
  static func printable(_ text: String) -> String {
    let scalarsMax = 120
    var shown = ""
    for scalar in text.unicodeScalars.prefix(scalarsMax) {
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator:
        shown += scalar.escaped(asASCII: true)
      default:
        shown.unicodeScalars.append(scalar)
      }
    }
    return text.unicodeScalars.count > scalarsMax ? shown + "…" : shown
  }
}
