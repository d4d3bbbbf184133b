import ArgumentParser
import FanfareServer
import FoundationEssentials

/// What every command that talks to a server takes.
struct ClientOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      The server's URL; else that of FANFARE_URL, else \(ServerURL.defaultText). Plain http:// only.
      """,
      valueName: "url"))
  var url: String?

  func server() throws(ClientError) -> ServerURL {
    let named = ProcessInfo.processInfo.environment["FANFARE_URL"] ?? ""
    return try ServerURL(url ?? (named.isEmpty ? ServerURL.defaultText : named))
  }
}
