import ArgumentParser

/// Load for a Fanfare server that runs in a process of its own.
@main
struct FanfareBench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fanfare-bench",
    abstract: "Puts load on a Fanfare server and checks every event that comes out of it.",
    discussion: """
      Each scenario starts a server, prints a table and one line of JSON, and ends the server. The
      exit code is 1 when an event was lost, came twice or came out of order, or when a bound was
      broken.
      """,
    subcommands: [
      Compare.self, Fanout.self, Jobs.self, Idle.self, Stalled.self, Restart.self, Redis.self,
      RedisAway.self,
    ])
}
