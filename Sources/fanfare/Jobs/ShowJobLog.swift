import ArgumentParser
import FanfareServer

/// `fanfare jobs log`.
struct ShowJobLog: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "log",
    abstract: "Print what a job's worker has written to its log.",
    discussion: """
      The log is bounded; its newest part is kept. On a terminal control characters are left out.

      EXAMPLES:
        fanfare jobs log 9jz12cb1kc
        fanfare jobs log 9jz12cb1kc > clone.log
      """)

  @Argument(help: "The job.")
  var id: String

  @OptionGroup var client: ClientOptions

  func run() async throws {
    try await client.talk { jobs in
      let log = try await jobs.bytes(["jobs", id, "log"])
      try JobsOptions.print(bytes: StandardOutput.isTerminal ? Self.plain(log) : log)
    }
  }

  /// Without what could do something to a terminal.
  private static func plain(_ log: [UInt8]) -> [UInt8] {
    log.filter { $0 >= 0x20 && $0 != 0x7F || $0 == 0x0A || $0 == 0x0D || $0 == 0x09 }
  }
}
