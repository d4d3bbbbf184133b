import ArgumentParser
import FanfareRuntime
import FanfareServer

/// `fanfare config`.
struct Config: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Check the settings, or print what can be set.",
    discussion: """
      EXAMPLES:
        fanfare config check --config fanfare.yaml
        fanfare config reference > configuration.md
      """,
    subcommands: [Check.self, Reference.self])

  /// `fanfare config check`.
  struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print the settings in effect, or what is wrong with them.",
      discussion: """
        The output is a configuration file that gives the same settings. Wrong settings are one \
        line on the standard error stream and exit status 78.

        EXAMPLES:
          fanfare config check
          fanfare config check --config fanfare.yaml --set log.level=debug loops=2
        """)

    @OptionGroup var options: SettingsOptions

    func run() async throws {
      try await CommandFailure.telling {
        StandardError.writeOutput(Array(try options.load().describe().utf8))
      }
    }
  }

  /// `fanfare config reference`.
  struct Reference: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print the reference of all settings, as Markdown.",
      discussion: """
        EXAMPLES:
          fanfare config reference | less
        """)

    func run() async throws {
      StandardError.writeOutput(Array(ConfigReference.markdown.utf8))
    }
  }
}
