import ArgumentParser
import FanfareServer
import FoundationEssentials

/// What every command that reads the settings takes.
struct SettingsOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The configuration file; else that of FANFARE_CONFIG, else fanfare.yaml if there is one.",
      valueName: "file"))
  var config: String?

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "Settings by their keys in the configuration reference.", valueName: "key=value"))
  var set: [String] = []

  func validate() throws {
    for text in set where !text.contains("=") || text.hasPrefix("=") {
      throw ValidationError("--set \(text): give a key and a value, like --set log.level=debug")
    }
  }

  /// Loads the settings; `flags` win over all else.
  func load(_ flags: [(key: String, value: String)] = []) throws(SettingsError) -> Settings {
    let environment = ProcessInfo.processInfo.environment
    let pairs = set.map { text in
      let equals = text.firstIndex(of: "=") ?? text.endIndex
      return (key: String(text[..<equals]), value: String(text[equals...].dropFirst()))
    }
    let named = environment["FANFARE_CONFIG"].flatMap { $0.isEmpty ? nil : $0 }
    return try Settings.load(
      file: config ?? named, environment: environment, overrides: pairs + flags)
  }
}
