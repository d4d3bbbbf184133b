import ArgumentParser
import FanfareServer
import Glibc

/// The command `fanfare`.
@main
struct Fanfare: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fanfare",
    abstract: "A real-time hub: named channels of events, with replay, and background jobs.",
    discussion: """
      EXAMPLES:
        fanfare serve
        fanfare follow project:42
        fanfare publish project:42 agent_started '{"id":7}'
        fanfare jobs watch
      """,
    version: FanfareVersion.text,
    subcommands: [
      Serve.self, Publish.self, Follow.self, Jobs.self, Verify.self, Config.self, Version.self,
      VerifyWorkerCommand.self,
    ])

  static func main() async {
    // A reader that has gone is an error of the write, never the end of the process.
    signal(SIGPIPE, SIG_IGN)
    await main(nil)
  }
}
