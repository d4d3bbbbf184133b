import ArgumentParser
import FanfareActors
import FanfareRuntime
import FanfareServer
import Glibc

/// `fanfare follow`.
struct Follow: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print the events of channels as they come.",
    discussion: """
      One event a line on the standard output. What else the server tells (where it resumed, what \
      was missed, why it ended the stream) are lines that begin with # on the standard error \
      stream. A lost connection is made again and resumes where it was.

      With --cursor-file a later run resumes too: the cursor is kept after its event was printed, \
      so that none is missed; if the process dies between the two, that event comes again. The \
      file wins over --after and --last, which then count for the first run.

      It ends on SIGINT or SIGTERM, when its output is closed, after --count or --for, and with a \
      line on the standard error stream when the server refuses for good.

      EXAMPLES:
        fanfare follow project:42
        fanfare follow project:42 --last 20 --format pretty
        fanfare follow project:42 workflow:7 --types 'agent_*,issue_*' --after oldest
        fanfare follow jobs --cursor-file jobs.cursor --format data | ./handle
      """)

  @Argument(help: ArgumentHelp("The channels.", valueName: "channel"))
  var channels: [String]

  @Option(help: ArgumentHelp("Begin after this cursor, or with the oldest.", valueName: "cursor"))
  var after: String?

  @Option(help: ArgumentHelp("Begin with the last so many events.", valueName: "n"))
  var last: Int?

  @Option(
    help: ArgumentHelp("Only these types, like agent_*,issue_created.", valueName: "patterns"))
  var types: String?

  @Option(help: ArgumentHelp("json: the event; data: only its data; pretty: for people."))
  var format = EventFormat.json

  @Option(help: ArgumentHelp("Keep the cursor here across runs.", valueName: "file"))
  var cursorFile: String?

  @Option(help: ArgumentHelp("End after so many events.", valueName: "n"))
  var count: Int?

  @Option(
    name: .customLong("for"), help: ArgumentHelp("End after this time.", valueName: "seconds"))
  var seconds: Double?

  @Option(
    help: ArgumentHelp(
      "A stream that is silent for so long is dead: more than the server's heartbeat.",
      valueName: "seconds"))
  var idleTimeout = 45

  @Flag(help: "Over WebSocket instead of Server-Sent Events.")
  var ws = false

  @OptionGroup var client: ClientOptions

  func validate() throws {
    guard after == nil || last == nil else {
      throw ValidationError("give either --after or --last, not both")
    }
    guard last ?? 0 >= 0, count ?? 1 > 0, seconds ?? 1 > 0, seconds ?? 1 < 1e9,
      (1...86_400).contains(idleTimeout)
    else { throw ValidationError("--last, --count, --for and --idle-timeout count from 1") }
    for channel in channels where ChannelName(channel) == nil {
      throw ValidationError("\(channel): \(ChannelName.rule)")
    }
    guard Set(channels).count == channels.count else {
      throw ValidationError("name each channel only once")
    }
  }

  func run() async throws {
    try await CommandFailure.telling {
      let url = try client.server()
      let file = cursorFile.map(CursorFile.init)
      var request = FollowerRequest(channels.compactMap(ChannelName.init), from: start)
      request.types = types
      if ws { request.transport = .webSocket }
      request.cursor = try file?.load()
      var limits = ClientLimits()
      limits.idleTimeout = .seconds(idleTimeout)
      let signals = await StopSignals()
      let group = try LoopGroup.start(count: 1)
      let follower = ClientFollower(url, request, on: group.loops[0], limits: limits)
      let output = FollowOutput(format, wanted: count, cursorFile: file)
      signals.watch { await Self.stop(follower) }
      watchOutput(follower)
      if let seconds {
        Task {
          try? await Task.sleep(for: .seconds(seconds))
          await Self.stop(follower)
        }
      }
      while let news = try await follower.next() {
        if case .goesOn = try await output.print(news) { continue }
        break
      }
      await follower.close()
      await group.stop()
    }
  }

  private var start: FollowStart {
    if let last { return .last(last) }
    guard let after else { return .live }
    return after == "oldest" ? .oldest : .after(after)
  }

  private func watchOutput(_ follower: ClientFollower) {
    Task {
      await OutputWatch().closed()
      await follower.close()
    }
  }

  /// What a reader takes too long to read is not waited for: it was not told as read.
  private static func stop(_ follower: ClientFollower) async {
    await follower.close()
    try? await Task.sleep(for: .seconds(2))
    _exit(0)
  }
}
