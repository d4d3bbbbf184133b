import FanfareActors
import FanfareRuntime

/// One publisher of a verification: it publishes to the channels of the run through one node, and
/// notes what it is acknowledged.
actor VerifyPublisher {
  /// What it has come to.
  struct Standing: Sendable {
    let acknowledged: Int
    /// Refused or lost: each may have been stored or not.
    let unknown: Int
    let faults: [String]
  }

  private let number: Int
  private let node: ServerURL
  private let channels: [ChannelName]
  private let publisher: ClientPublisher
  private var witness: PublisherWitness
  private let interval: Duration
  private var random: SeededGenerator
  private var isOver = false
  private var count = 0
  private var acknowledged = 0
  private var unknown = 0
  private var faults: [String] = []

  init(
    _ number: Int, _ channels: [ChannelName], to node: ServerURL, perSecond rate: Double,
    seed: UInt64, on loop: EventLoop, _ ledger: PromiseLedger, _ limits: ClientLimits
  ) {
    self.number = number
    self.node = node
    self.channels = channels
    witness = PublisherWitness(ledger)
    interval = .nanoseconds(Int64(1e9 / max(rate, 0.001)))
    random = SeededGenerator(seed: seed)
    publisher = ClientPublisher(node, on: loop, limits: limits)
  }

  var standing: Standing {
    Standing(acknowledged: acknowledged, unknown: unknown, faults: faults)
  }

  func run() async {
    let clock = ContinuousClock()
    var due = clock.now
    while !isOver {
      if let error = await publishNext(), !error.mayPass, !isOver { fail("\(error)") }
      // Late is late: what was not sent in time is not made up for.
      due = max(due + interval, clock.now - .seconds(1))
      try? await clock.sleep(until: due)
    }
    await publisher.close()
  }

  /// Publishes one event. Returns why it was not acknowledged.
  private func publishNext() async -> ClientError? {
    guard let type = EventType("verify_event") else { return nil }
    count += 1
    let channel = channels[Int.random(in: 0..<channels.count, using: &random)]
    let id = "\(number)-\(count)"
    do throws(ClientError) {
      let text = try await publisher.publish(type, Array(#"{"id":"\#(id)"}"#.utf8), to: channel)
      note(id, in: channel, at: text)
      return nil
    } catch {
      // What became of it is not known; followers will see it once, or not.
      unknown += 1
      return error
    }
  }

  /// Publishes until one event is acknowledged. That none was by `deadline` is a fault.
  func publishOne(until deadline: ContinuousClock.Instant) async {
    while let error = await publishNext() {
      guard error.mayPass, ContinuousClock.now < deadline else {
        fail("takes no publish when all is well again: \(error)")
        break
      }
      try? await Task.sleep(for: .milliseconds(100))
    }
    await publisher.close()
  }

  func end() { isOver = true }

  /// Ends a publish that is under way, whose outcome is then not known.
  func abort() async {
    isOver = true
    await publisher.close()
  }

  private func note(_ id: String, in channel: ChannelName, at text: String) {
    if Position(text) != nil { acknowledged += 1 }
    for fault in witness.acknowledged(id, in: channel.text, at: text) { fail(fault) }
  }

  private func fail(_ fault: String) {
    guard faults.count < 5 else { return }
    faults.append("publisher \(number) on \(node): \(fault)")
  }
}
