import CEpoll
import FanfareRuntime

/// One server under one load, once.
struct Trial: Sendable {
  enum Load: Sendable {
    /// As many events as a window lets be on their way; an event leaves it by `arrival`.
    case window(Int, arrival: Arrival)
    /// So many events a second.
    case rate(Int)
    /// So many requests on their way, of so many events each.
    case requests(Int, lines: Int)
    /// None: what the followers cost.
    case idle
    /// None: what their coming costs.
    case connects
  }

  var transport = Transport.sse
  /// Of all channels together.
  var followers = 1_000
  var channels = 1
  /// Whether one more follows that never reads.
  var hasStalled = false
  var load: Load
  /// The bytes of an event's data.
  var dataBytes = 200
  var warmUp = Duration.milliseconds(500)
  var measured = Duration.seconds(1)

  private struct Reading {
    let deliveries: UInt64
    let reads: UInt64
    let accepted: UInt64
    let server: Double
    let load: Double
    let instant: UInt64
  }

  func run(_ server: ServerOptions) async throws -> Figures {
    try await LoadSide.with(
      server, dataBytes: dataBytes, channels: channels, transport: transport
    ) { side, process in
      var figures = Figures()
      if hasStalled { await side.stallBlindly() }
      let memory = process.residentBytes
      let before = await read(side, process)
      let connectSeconds = try await side.connect(followers)
      switch load {
      case .connects:
        let after = await read(side, process)
        figures[.connectsPerSecond] = Double(followers) / connectSeconds
        figures[.serverEach] = (after.server - before.server) / 1000 / Double(followers)
        figures[.serverShare] = (after.server - before.server) / connectSeconds / 1e7
        figures[.loadShare] = (after.load - before.load) / connectSeconds / 1e7
      case .idle:
        try await Task.sleep(for: measured)
        let growth = process.residentBytes - memory
        figures[.bytesPerConnection] = Double(growth) / Double(followers)
      case .window, .rate, .requests: try await publish(side, process, &figures)
      }
      let isSettled = await side.settle(within: .seconds(10))
      let end = await side.close()
      figures.audit = end.audit
      figures.refused = end.refused
      figures.faults = end.faults
      if !isSettled { figures.faults.append("not all events arrived within 10 s") }
      return figures
    }
  }

  private func publish(
    _ side: LoadSide, _ process: ServerProcess, _ figures: inout Figures
  ) async throws {
    await side.loop.run { [load] in
      let publisher = side.publisher
      switch load {
      case .window, .requests: side.loop.spins = true
      case .rate, .idle, .connects: break
      }
      switch load {
      case .window(let window, let arrival):
        publisher.window = window
        publisher.arrival = arrival
        publisher.publish(.max)
      case .requests(let count, let lines):
        publisher.window = count * lines
        publisher.linesMax = lines
        publisher.arrival = side.crowd.attachedCount == 0 ? .answered : .all
        publisher.publish(.max)
      case .rate(let rate): publisher.publish(perSecond: rate)
      case .idle, .connects: break
      }
    }
    try await Task.sleep(for: warmUp)
    await side.loop.run { side.crowd.latency = LatencyHistogram() }
    let before = await read(side, process)
    try await Task.sleep(for: measured)
    let after = await read(side, process)
    let latency = await side.loop.run { side.crowd.latency }
    compare(before, after, &figures)
    guard after.deliveries > before.deliveries else { return }
    figures[.latencyP50] = latency.microseconds(atShare: 0.5)
    figures[.latencyP99] = latency.microseconds(atShare: 0.99)
    figures[.latencyP999] = latency.microseconds(atShare: 0.999)
  }

  private func compare(_ before: Reading, _ after: Reading, _ figures: inout Figures) {
    let seconds = Double(after.instant - before.instant) / 1e9
    let deliveries = Double(after.deliveries - before.deliveries)
    let server = after.server - before.server
    figures[.serverShare] = server / seconds / 1e7
    figures[.loadShare] = (after.load - before.load) / seconds / 1e7
    if case .requests = load {
      let accepted = Double(after.accepted - before.accepted)
      figures[.publishesPerSecond] = accepted / seconds
      figures[.serverEach] = server / 1000 / max(1, accepted)
    } else {
      figures[.deliveriesPerSecond] = deliveries / seconds
      figures[.eventsPerRead] = deliveries / Double(max(1, after.reads - before.reads))
      figures[.serverEach] = server / 1000 / max(1, deliveries)
    }
  }

  private func read(_ side: LoadSide, _ process: ServerProcess) async -> Reading {
    await side.loop.run {
      Reading(
        deliveries: side.crowd.deliveries, reads: side.crowd.reads,
        accepted: side.publisher.accepted, server: process.cpuNanoseconds,
        load: Double(load_nanoseconds(CLOCK_PROCESS_CPUTIME_ID))
          - Double(side.loop.idleNanoseconds),
        instant: LoadLoop.now)
    }
  }
}
