import FanfareActors
import FanfareRuntime
import FanfareTestKit

@testable import FanfareServer

/// A follower of a cluster in a simulation: it follows its channels over one transport on one node
/// after another, by its cursor, and what it is told is held against the promise. Confined to the
/// clients' loop.
final class ClusterFollower: TimerTarget, ExchangeOwner {
  let name: String
  private let way: VerifyFollower.Way
  private let channels: [ChannelName]
  private let entrance: ClusterEntrance
  private let story: ClusterStory
  private let poll: PollExchange
  private var random: SeededGenerator
  private(set) var witness: FollowerWitness
  private(set) var faults: [String] = []
  private(set) var reconnects = 0
  private var place: Int
  private var cursor: String?
  private var connection: ExchangeClient?
  private var reader: FollowerReader?
  private var isOver = false
  /// As a client's pace; what it reads of a connection that it makes.
  private var pace: Int?

  init(
    _ number: Int, _ channels: [ChannelName], _ entrance: ClusterEntrance, _ ledger: PromiseLedger,
    _ story: ClusterStory, seed: UInt64
  ) {
    way = VerifyFollower.Way.allCases[number % 3]
    name = "follower \(number) (\(way.rawValue))"
    self.channels = channels
    self.entrance = entrance
    self.story = story
    poll = PollExchange(channels, wait: 1)
    random = SeededGenerator(seed: seed)
    witness = FollowerWitness(channels.map(\.text), hear: ledger.delivered(_:at:))
    place = number % entrance.places
  }

  /// It begins a little later.
  func begin() { pause(milliseconds: random.isOne(in: 2) ? 0 : random.below(600)) }

  // MARK: Connecting

  private func pause(milliseconds: Int) {
    _ = entrance.loop.schedule(after: .milliseconds(milliseconds), self)
  }

  func timerFired() {
    guard !isOver, faults.isEmpty, connection == nil else { return }
    connect()
  }

  private func connect() {
    if let fault = witness.connects(with: cursor) { return fail(fault) }
    let client = ExchangeClient(.get, for: self)
    client.pace = pace
    connection = client
    story.tell("\(name) connects to \(place) with \(cursor ?? "-")")
    if !entrance.connect(client, to: place, request(), &random) { client.end() }
  }

  private func request() -> ClientRequest {
    guard way != .poll else { return poll.request(after: cursor) }
    var request = FollowerRequest(channels)
    request.transport = way == .webSocket ? .webSocket : .eventStream
    return request.request(
      after: cursor, key: WebSocketHandshake.key(&random))
  }

  func disconnected(_ client: ExchangeClient) {
    guard client === connection else { return }
    connection = nil
    reader = nil
    guard !isOver else { return }
    reconnects += 1
    place = (place + random.int(1...entrance.places)) % entrance.places
    pause(milliseconds: random.isOne(in: 3) ? 0 : random.int(20...300))
  }

  /// Goes away, and comes back somewhere, most likely elsewhere.
  func leave() { connection?.end() }

  /// Goes for good.
  func end() {
    isOver = true
    connection?.end()
  }

  // MARK: Pace

  /// Reads so much from now on, each time it is asked to; all that comes when `nil`.
  func read(atMost pace: Int?) {
    self.pace = pace
    connection?.pace = pace
    read()
  }

  func read() { connection?.read() }

  // MARK: Reading

  func began(_ head: ResponseHead) {
    switch (way, head.status) {
    case (.sse, 200):
      reader = .eventStream(
        EventStreamNews(from: name, after: cursor, eventBytesMax: 1 << 20))
    case (.webSocket, 101):
      reader = .webSocket(
        WebSocketNews(
          channels.map(\.text), after: cursor, eventBytesMax: 1 << 20,
          mask: UInt32(truncatingIfNeeded: random.next())))
    default: fail("answered \(head.status)")
    }
  }

  func streamed(_ bytes: [UInt8]) {
    do throws(ClientError) {
      for signal in try reader?.receive(bytes) ?? [] {
        switch signal {
        case .news(let news): note(news)
        case .answer(let bytes): connection?.send(bytes)
        case .retry, .closed: break
        }
      }
    } catch {
      fail("\(error)")
    }
  }

  func answered(_ head: ResponseHead, _ body: [UInt8]) {
    do throws(ClientError) {
      let (news, cursor) = try poll.news(head, body)
      for item in news { note(item) }
      self.cursor = cursor
      // From here on every answer is judged by a cursor.
      if let fault = witness.connects(with: cursor) { return fail(fault) }
      connection?.send(poll.request(after: cursor).bytes(to: entrance.url))
    } catch {
      if !error.mayPass { fail("\(error)") }
      connection?.end()
    }
  }

  private func note(_ news: FollowerNews) {
    story.tell("\(name) \(news)")
    for fault in witness.note(news) { fail(fault) }
    switch news {
    case .event(let event): if way != .poll { cursor = event.cursor }
    case .cursor(let text): cursor = text
    case .over: fail("was told that its channels are over")
    case .attached, .gap, .degraded, .restored, .bye, .apart: break
    }
  }

  private func fail(_ fault: String) {
    story.tell("\(name) FAILS: \(fault)")
    if faults.count < 3 { faults.append("\(name) at \(place): \(fault)") }
    connection?.end()
  }
}
