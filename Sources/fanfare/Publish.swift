import ArgumentParser
import FanfareActors
import FanfareRuntime
import FanfareServer

/// `fanfare publish`.
struct Publish: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Publish one event, or many from a file or a pipe.",
    discussion: """
      DATA is JSON; without it the standard input is the data. A text needs quotes of its own: \
      '"hello"'. DATA that begins with a minus stands behind --.

      With --file or --stdin-lines (or - in place of the channel) every line is one event: a JSON \
      object with channel, type and data. Lines are sent in batches as they come. A line that \
      cannot be published ends the command with its number: all lines before it have been \
      published, it and what follows have not.

      What fails for a reason that may pass is tried again, and never published twice.

      EXAMPLES:
        fanfare publish project:42 agent_started '{"agent":7}'
        git log -1 --format='"%s"' | fanfare publish project:42 commit_pushed
        fanfare publish --file events.ndjson
        ./produce | fanfare publish --channel project:42 -
      """)

  @Argument(help: "The channel of a single event.")
  var channel: String?

  @Argument(help: "The type of a single event.")
  var type: String?

  @Argument(help: "The data of a single event, as JSON.")
  var data: String?

  @Option(help: ArgumentHelp("Publish the lines of this file.", valueName: "file"))
  var file: String?

  @Flag(help: "Publish the lines of the standard input.")
  var stdinLines = false

  @Option(
    name: .customLong("channel"),
    help: ArgumentHelp("The channel of lines that name none.", valueName: "channel"))
  var lineChannel: String?

  @Flag(name: .customLong("print"), help: "Print the position of every event, one a line.")
  var printsPositions = false

  @Option(
    help: ArgumentHelp(
      "How long to try again what may pass: 0 to 90 seconds for a batch.", valueName: "seconds"))
  var retryFor = 30

  @OptionGroup var client: ClientOptions

  /// Whether the input is lines rather than the data of one event.
  private var isLines: Bool { file != nil || stdinLines || channel == "-" }

  func validate() throws {
    guard (0...90).contains(retryFor) else {
      throw ValidationError("--retry-for is 0 to 90 seconds")
    }
    if isLines {
      guard channel == nil || channel == "-" && type == nil, file == nil || !stdinLines else {
        throw ValidationError(
          "lines come from one place and name their own channel, type and data; "
            + "--channel is for lines that name none")
      }
      if let lineChannel, ChannelName(lineChannel) == nil {
        throw ValidationError("\(lineChannel): \(ChannelName.rule)")
      }
    } else {
      guard let channel, let type, lineChannel == nil else {
        throw ValidationError("give a channel and a type, or lines with --file or --stdin-lines")
      }
      guard ChannelName(channel) != nil else {
        throw ValidationError("\(channel): \(ChannelName.rule)")
      }
      guard EventType(type) != nil else { throw ValidationError("\(type): \(EventType.rule)") }
    }
  }

  func run() async throws {
    try await CommandFailure.telling {
      let url = try client.server()
      let group = try LoopGroup.start(count: 1)
      var limits = ClientLimits()
      limits.retryTime = .seconds(retryFor)
      let publisher = ClientPublisher(url, on: group.loops[0], limits: limits) { error, delay in
        let text = "# \(error); trying again in \(SecondsText.of(delay))\n"
        StandardError.write(Array(text.utf8))
      }
      if isLines {
        try await publishLines(publisher)
      } else {
        try await publishOne(publisher)
      }
      await publisher.close()
      await group.stop()
    }
  }

  private func publishLines(_ publisher: ClientPublisher) async throws {
    let path = file == "-" ? nil : file
    var run = LinePublishing(
      try InputReader(path), publisher, source: path ?? "standard input",
      channel: lineChannel.flatMap { ChannelName($0) }, printsPositions: printsPositions)
    try await run.run()
  }

  private func publishOne(_ publisher: ClientPublisher) async throws {
    guard let channel = channel.flatMap({ ChannelName($0) }),
      let type = type.flatMap({ EventType($0) })
    else { return }
    let json: [UInt8]
    if let data {
      json = Array(data.utf8)
    } else {
      json = try await InputReader(nil).all()
    }
    let position: String
    do {
      position = try await publisher.publish(type, json, to: channel)
    } catch {
      guard case .badData = error else { throw error }
      throw CommandFailure(
        .badData, #"\#(error) A text needs quotes of its own: '"hello"'"#)
    }
    if printsPositions { _ = StandardOutput.write(Array("\(position)\n".utf8)) }
    StandardError.write(Array("published 1 event to 1 channel\n".utf8))
  }
}
