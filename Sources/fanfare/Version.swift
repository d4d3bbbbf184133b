import ArgumentParser
import FanfareRuntime
import FanfareServer

/// `fanfare version`.
struct Version: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print the version.",
    discussion: """
      EXAMPLES:
        fanfare version
      """)

  func run() async throws {
    StandardError.writeOutput(Array("fanfare \(FanfareVersion.text)\n".utf8))
  }
}
