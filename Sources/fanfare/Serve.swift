import ArgumentParser
import FanfareServer
import Logging
import ServiceLifecycle

/// `fanfare serve`.
struct Serve: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run a server.",
    discussion: """
      Settings come from the configuration file, then from the environment, then from these \
      flags; a later one wins. `fanfare config reference` lists them all.

      SIGTERM or SIGINT ends it: streams are told to come back, answers under way are finished. \
      A second one ends it at once. Exit status 78 means wrong settings, 69 that it cannot listen.

      EXAMPLES:
        fanfare serve
        fanfare serve --config /etc/fanfare.yaml --log-format json
        fanfare serve --listen 127.0.0.1:9000 --set defaults.history=5000 defaults.ttl=2h
      """)

  @OptionGroup var options: SettingsOptions

  @Option(help: ArgumentHelp("The address to listen on.", valueName: "host:port"))
  var listen: String?

  @Flag(help: "Listen on an address that other machines can reach, although anybody may use it.")
  var insecure = false

  @Option(help: ArgumentHelp("The event loops, a number or auto: one a core.", valueName: "n"))
  var loops: String?

  @Option(help: ArgumentHelp("The least severe messages that are logged.", valueName: "level"))
  var logLevel: String?

  @Option(help: ArgumentHelp("How log lines are written: text or json.", valueName: "format"))
  var logFormat: String?

  private var flags: [(key: String, value: String)] {
    let given = [
      ("listen", listen), ("insecure", insecure ? "true" : nil), ("loops", loops),
      ("log.level", logLevel), ("log.format", logFormat),
    ]
    return given.compactMap { key, value in value.map { (key: key, value: $0) } }
  }

  func run() async throws {
    try await CommandFailure.telling {
      let server = try FanfareServer(try options.load(flags))
      // The server logs its own life; the group would tell it a second time in another format.
      let silent = Logger(label: "fanfare.services") { _ in SwiftLogNoOpLogHandler() }
      let group = ServiceGroup(services: [server], logger: silent)
      // One handler per signal: the group's own would not hear a second one.
      await StopSignals().watch { await group.triggerGracefulShutdown() }
      try await group.run()
    }
  }
}
