import FanfareRuntime
import FanfareTestKit

@testable import FanfareActors

/// Publishers, and fast, slow, stalled, polling and reconnecting followers, whose every step a seed
/// decides. Confined to the client loop.
final class Crowd {
  let model = Model()
  private var random: SeededGenerator
  private let side: any ClientSide
  private let serverLoops: Int
  private let channels = ["project:1", "project:2", "chat:3", "drop:4"]
  private var publishers: [PublisherClient] = []
  private(set) var streams: [StreamClient] = []
  private var polls: [PollClient] = []
  private(set) var sockets: [SocketClient] = []
  private var count = 0
  private var events = 0
  /// Cursors of followers that ended, to be resumed on any transport.
  private var cursors: [(channels: [String], cursor: String)] = []
  private var isQuiet = false

  init(seed: UInt64, side: any ClientSide, serverLoops: Int) {
    random = SeededGenerator(seed: seed)
    self.side = side
    self.serverLoops = serverLoops
    for _ in 0..<3 {
      let publisher = PublisherClient(name: nextName("pub"), model: model)
      publishers.append(publisher)
      publisher.start(side, loop: random.below(serverLoops), capacity: 8_192, "")
    }
  }

  private func nextName(_ kind: String) -> String {
    count += 1
    return "\(kind)\(count)"
  }

  /// One step of one of them.
  func act() {
    streams.removeAll(where: \.isOver)
    polls.removeAll(where: \.isOver)
    sockets.removeAll(where: \.isOver)
    switch random.below(145) {
    case 0..<40: publish()
    case 40..<50: if streams.count < 24 { follow() }
    case 50..<55: if polls.count < 6 { poll() }
    case 55..<60: kill()
    case 60..<80:
      for client in streams + sockets as [CrowdClient] where (client.pace ?? 0) > 0 {
        client.read()
      }
    case 80..<84:
      let clients = streams + sockets as [CrowdClient]
      if !clients.isEmpty { changePace(random.pick(clients)) }
    case 84..<100:
      if !polls.isEmpty {
        random.pick(polls).ask(wait: random.below(3), limit: random.int(1...20))
      }
    case 100..<110: if sockets.count < 16 { open() }
    default: if !sockets.isEmpty { converse(random.pick(sockets)) }
    }
  }

  private func publish() {
    let publisher = random.pick(publishers)
    let size = random.isOne(in: 6) ? random.int(2...60) : 1
    publisher.publish((0..<size).map { _ in nextEvent() })
  }

  private func nextEvent() -> (channel: String, number: Int, type: String, padding: Int) {
    events += 1
    return (
      random.pick(channels), events, random.isOne(in: 3) ? "odd" : "even",
      random.isOne(in: 8) ? random.int(500...3_000) : random.below(100)
    )
  }

  private func someChannels() -> [String] {
    random.isOne(in: 2)
      ? [random.pick(channels)]
      : Array(channels.shuffled(using: &random).prefix(random.int(2...4)))
  }

  private func follow() {
    var wanted = someChannels()
    var cursor: String?
    if !cursors.isEmpty, random.below(3) > 0 {
      let taken = cursors.remove(at: random.below(cursors.count))
      (wanted, cursor) = (taken.channels, taken.cursor)
    }
    let client = StreamClient(
      name: nextName("sse"), model: model, channels: wanted, cursor: cursor,
      filter: random.isOne(in: 6) ? "odd" : nil)
    if !isQuiet { changePace(client) }
    streams.append(client)
    client.start(
      side, loop: random.below(serverLoops), capacity: random.int(500...20_000),
      client.request(usesHeader: random.isOne(in: 2)))
  }

  private func open() {
    var wanted = random.isOne(in: 3) ? [] : someChannels()
    var cursor: String?
    if !cursors.isEmpty, random.isOne(in: 2) {
      let taken = cursors.remove(at: random.below(cursors.count))
      (wanted, cursor) = (taken.channels, taken.cursor)
    }
    let client = SocketClient(
      name: nextName("ws"), model: model, channels: wanted, cursor: cursor,
      filter: random.isOne(in: 6) ? "odd" : nil, isCompressed: random.isOne(in: 3))
    if !isQuiet { changePace(client) }
    sockets.append(client)
    client.start(
      side, loop: random.below(serverLoops), capacity: random.int(500...20_000), client.request())
    // Right behind the handshake, before anything is judged.
    while random.isOne(in: 3) { converse(client) }
  }

  private func converse(_ client: SocketClient) {
    let channel = random.pick(channels)
    switch random.below(10) {
    case 0..<4: client.subscribe(channel, filter: random.isOne(in: 6) ? "odd" : nil)
    case 4..<7: client.unsubscribe(channel)
    case 7: client.ping()
    default: client.publish(nextEvent())
    }
  }

  private func changePace(_ client: CrowdClient) {
    switch random.below(10) {
    case 0..<6: client.pace = nil
    case 6..<9: client.pace = random.int(50...2_000)
    default: client.pace = 0
    }
    client.read()
  }

  private func poll() {
    var wanted = someChannels()
    var cursor: String?
    if !cursors.isEmpty, random.isOne(in: 2) {
      let taken = cursors.remove(at: random.below(cursors.count))
      (wanted, cursor) = (taken.channels, taken.cursor)
    }
    let client = PollClient(
      name: nextName("poll"), model: model, channels: wanted, cursor: cursor)
    polls.append(client)
    client.start(side, loop: random.below(serverLoops), capacity: 20_000, "")
    client.ask(wait: random.below(2), limit: random.int(1...20))
  }

  /// A follower goes at any point, also before it was told anything; its cursor lives on.
  private func kill() {
    if random.isOne(in: 4), !polls.isEmpty {
      let client = random.pick(polls)
      if let cursor = client.cursor { cursors.append((client.channels, cursor)) }
      return client.end()
    }
    if random.isOne(in: 3), !sockets.isEmpty {
      let client = random.pick(sockets)
      if let cursor = client.cursor { cursors.append(cursor) }
      return random.isOne(in: 2) ? client.end() : client.close()
    }
    guard !streams.isEmpty else { return }
    let client = random.pick(streams)
    if let cursor = client.cursor { cursors.append((client.channels, cursor)) }
    client.end()
  }

  /// No more events, and everyone reads: what is left must now arrive.
  func quiesce() {
    isQuiet = true
    for stream in streams {
      stream.pace = nil
      stream.read()
    }
    for socket in sockets {
      socket.pace = nil
      socket.read()
      socket.synchronize()
    }
    for poll in polls where !poll.isAsking && !poll.hasAll { poll.ask(wait: 0, limit: 1_000) }
  }

  var isComplete: Bool {
    publishers.allSatisfy(\.isIdle)
      && streams.allSatisfy { $0.isOver || ($0.filter != nil || $0.hasAll) }
      && polls.allSatisfy { $0.isOver || $0.hasAll }
      && sockets.allSatisfy { $0.isOver || $0.hasAll }
  }

  /// For a failure's text: who still lacks what.
  var unfinished: String {
    let waiting = streams.filter { !$0.isOver && $0.filter == nil && !$0.hasAll }
    let heads = model.heads.sorted { $0.key < $1.key }
    return "publishers idle \(publishers.map(\.isIdle)), heads \(heads), "
      + waiting.map { "\($0.name) \($0.channels) at \($0.cursor ?? "-")" }.joined(separator: "; ")
      + polls.filter { !$0.isOver && !$0.hasAll }.map { "\($0.name) \($0.cursor ?? "-")" }
      .joined(separator: "; ")
      + sockets.filter { !$0.isOver && !$0.hasAll }.map(\.unfinished).joined(separator: "; ")
  }

  /// Everyone leaves.
  func end() {
    for client in streams + polls + publishers + sockets as [CrowdClient] { client.end() }
  }
}
