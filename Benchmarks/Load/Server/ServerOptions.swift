import ArgumentParser

/// How the server under load is started.
struct ServerOptions: ParsableArguments {
  @Option(help: "The server's executable.")
  var server = ".build/release/fanfare"

  @Option(
    help: "The server's arguments, separated by spaces. {port} and {loops} are filled in.")
  var serverArguments = "serve --listen 127.0.0.1:{port} --loops {loops}"

  @Option(help: "The server's event loops.")
  var loops = 1

  @Option(help: "The server's port; 0 takes a random one between 20000 and 29999.")
  var port = 0

  @Option(help: "The core to pin the server to.")
  var serverCore = 0

  @Flag(help: "Pin the server to no core.")
  var unpinned = false

  @Option(help: "What the server speaks: fanfare or nchan.")
  var dialect = Dialect.fanfare

  @Option(help: "What the server is called in tables; without it what it speaks.")
  var name: String?

  @Option(
    help: "A file that the server finds as server.conf in its folder, with {port} filled in.")
  var configuration: String?

  @Option(
    help: "A file that is given the server's standard error stream; {folder} is where it runs.")
  var serverLog = "/dev/null"
}
