import ArgumentParser

/// How fast events reach their followers: one server, one load, every knob.
struct Fanout: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Followers, and as many events as the window lets through, or so many a second.")

  @Option(help: "Followers, of all channels together.")
  var followers = 1_000
  @Option(help: "Channels, published into in turn.")
  var channels = 1
  @Option(help: "How they follow: sse or websocket.")
  var transport = Transport.sse
  @Option(help: "Events on their way at most.")
  var window = 32
  @Option(help: "An event leaves the window once the server answered, the first has it, or all.")
  var arrival = Arrival.all
  @Option(help: "Events a second, without a window.")
  var rate: Int?
  @Option(help: "Bytes of an event's data.")
  var bytes = 200
  @Option(help: "Seconds measured, after a second of warm-up.")
  var seconds = 5
  @OptionGroup var server: ServerOptions

  func validate() throws {
    guard window <= CrowdChannel.underWayMax else {
      throw ValidationError("--window can be \(CrowdChannel.underWayMax) at most.")
    }
  }

  func run() async throws {
    var trial = Trial(load: rate.map { .rate($0) } ?? .window(window, arrival: arrival))
    trial.transport = transport
    trial.followers = followers
    trial.channels = channels
    trial.dataBytes = bytes
    trial.warmUp = .seconds(1)
    trial.measured = .seconds(seconds)
    let figures = try await trial.run(server)
    var report = Report("fanout")
    report.add("transport", transport.rawValue)
    report.add("followers", followers)
    report.add("channels", channels)
    if let rate { report.add("rate", rate) } else { report.add("window", window) }
    report.add("bytes", bytes)
    report.add(figures)
    try report.finish()
  }
}
