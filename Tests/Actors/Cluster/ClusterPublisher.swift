import FanfareActors
import FanfareRuntime
import FanfareTestKit

@testable import FanfareServer

/// A publisher of a cluster in a simulation: one publish after the other, through any node, each
/// tried again with its key until it is acknowledged or given up. Confined to the clients' loop.
final class ClusterPublisher: TimerTarget, ExchangeOwner {
  private struct Publish {
    let key: String
    let lines: [(channel: ChannelName, event: String)]
    let body: [UInt8]
    /// How often Redis had forgotten something when this was begun.
    let amnesias: Int
  }

  let name: String
  private let entrance: ClusterEntrance
  private let story: ClusterStory
  /// How often Redis has forgotten something.
  private let amnesias: () -> Int
  private var witness: PublisherWitness
  private var random: SeededGenerator
  private var count = 0
  private var current: Publish?
  /// Whether ``current`` waits to be tried again; else it is under way.
  private var isPausing = false
  private var connection: ExchangeClient?
  private var isOver = false
  private(set) var acknowledged = 0
  /// Events of publishes that were given up: each may have been stored or not.
  private(set) var unknown = 0
  private(set) var retries = 0
  private(set) var faults: [String] = []

  init(
    _ number: Int, _ entrance: ClusterEntrance, _ ledger: PromiseLedger, _ story: ClusterStory,
    seed: UInt64, amnesias: @escaping () -> Int
  ) {
    self.amnesias = amnesias
    name = "publisher \(number)"
    self.entrance = entrance
    self.story = story
    witness = PublisherWitness(ledger)
    random = SeededGenerator(seed: seed)
  }

  var isIdle: Bool { current == nil }

  /// Begins to publish a few events to some of `channels`.
  func publish(to channels: [ChannelName]) {
    guard isIdle else { return }
    let one = random.isOne(in: 4) ? nil : random.pick(channels)
    let lines = (0..<random.int(1...4)).map { _ in
      count += 1
      return (channel: one ?? random.pick(channels), event: "\(name.suffix(1))-\(count)")
    }
    let body = lines.map { channel, event in
      let padding = String(repeating: "x", count: random.below(200))
      return #"{"channel":"\#(channel)","type":"t","data":{"id":"\#(event)","p":"\#(padding)"}}"#
    }
    current = Publish(
      key: "\(name) \(count)", lines: lines, body: Array(body.joined(separator: "\n").utf8),
      amnesias: amnesias())
    send()
  }

  /// Nobody waits for what is under way any longer.
  func giveUp() {
    unknown += current?.lines.count ?? 0
    current = nil
    isPausing = false
    connection?.end()
  }

  /// Goes for good.
  func end() {
    isOver = true
    connection?.end()
  }

  // MARK: Asking

  private func send() {
    guard let current else { return }
    let request = ClientRequest(
      method: .post, target: "/events",
      fields: [
        HeaderField("Content-Type", "application/x-ndjson"),
        HeaderField("Idempotency-Key", current.key),
      ], body: current.body)
    story.tell("\(name) publishes \(current.lines.map { "\($0.event) to \($0.channel)" })")
    if let connection { return connection.send(request.bytes(to: entrance.url)) }
    let client = ExchangeClient(.post, for: self)
    connection = client
    let place = random.below(entrance.places)
    if !entrance.connect(client, to: place, request, &random) { client.end() }
  }

  private func retry() {
    guard current != nil, !isPausing, !isOver else { return }
    if random.isOne(in: 12) { return giveUp() }
    retries += 1
    isPausing = true
    _ = entrance.loop.schedule(after: .milliseconds(random.int(1...200)), self)
  }

  func timerFired() {
    guard isPausing, !isOver else { return }
    isPausing = false
    send()
  }

  // MARK: Answers

  func answered(_ head: ResponseHead, _ body: [UInt8]) {
    guard let current else { return }
    guard head.status == 200 else {
      let error = ClientError.refused(Refusal(head, body))
      story.tell("\(name): \(error)")
      if !error.mayPass { fail("\(error)") }
      // Elsewhere, as likely as not.
      if random.isOne(in: 2) { return connection?.end() ?? () }
      return retry()
    }
    let positions = JSONFields(body)?.strings("positions") ?? []
    guard positions.count == current.lines.count else {
      return fail("\(positions.count) positions for \(current.lines.count) events")
    }
    var places = Array(zip(current.lines, positions))
    if current.amnesias != amnesias() {
      // A part of it that Redis forgot is stored again, behind the rest.
      places.sort { Position($0.1)?.offset ?? 0 < Position($1.1)?.offset ?? 0 }
    }
    for (line, position) in places {
      acknowledged += 1
      story.tell("\(name): \(line.event) stands at \(position) of \(line.channel)")
      for fault in witness.acknowledged(line.event, in: line.channel.text, at: position) {
        fail(fault)
      }
    }
    self.current = nil
    // The next one goes through any node.
    if random.isOne(in: 2) { connection?.end() }
  }

  func began(_ head: ResponseHead) { fail("answered \(head.status) without an end") }
  func streamed(_ bytes: [UInt8]) {}

  func disconnected(_ client: ExchangeClient) {
    guard client === connection else { return }
    connection = nil
    retry()
  }

  private func fail(_ fault: String) {
    story.tell("\(name) FAILS: \(fault)")
    if faults.count < 3 { faults.append("\(name): \(fault)") }
  }
}
