import FanfareRuntime

/// The followers of one channel, on one loop. Loop-confined.
final class Crowd {
  /// The connections that are on their way at once.
  private static let connectingMax = 256
  /// The followers of one source address: below the 28,000 ephemeral ports of a pair.
  static let followersPerSource = 20_000

  let loop: EventLoop
  let address: SocketAddress
  let request: [UInt8]
  private(set) var followers: [LoadFollower] = []
  private var deafFollowers: [LoadFollower] = []
  private(set) var attachedCount = 0
  /// Followers whose connection failed or was ended by the server.
  private(set) var endedCount = 0
  /// Whether the server ended the connection of one that never reads.
  private(set) var deafEndedCount = 0
  /// Events given to followers.
  private(set) var deliveries: UInt64 = 0
  /// Reads that held at least one event.
  private(set) var reads: UInt64 = 0
  private(set) var firstError: String?
  var latency = LatencyHistogram()
  weak var publisher: Publisher?
  /// The events that not all have seen: how many have seen each, from `seenByAll + 1` on.
  private var seen = [Int](repeating: 0, count: 1024)
  private(set) var seenByFirst: UInt64 = 0
  private(set) var seenByAll: UInt64 = 0
  private var sources: [SocketAddress] = []
  private var toConnect = 0
  private var connecting = 0

  init(address: SocketAddress, channel: String, loop: EventLoop) {
    self.address = address
    self.loop = loop
    let head = """
      GET /channels/\(channel)/events HTTP/1.1\r
      Host: \(address.text)\r
      Accept: text/event-stream\r
      \r

      """
    request = Array(head.utf8)
  }

  /// Begins to connect so many followers, from `sources` in turn.
  func connect(_ count: Int, from sources: [SocketAddress]) {
    self.sources = sources
    toConnect = count
    connectMore()
  }

  private func connectMore() {
    while toConnect > 0, connecting < Self.connectingMax {
      let place = followers.count / Self.followersPerSource
      let follower = LoadFollower(self, isDeaf: false)
      guard start(follower, from: sources[min(place, sources.count - 1)]) else {
        toConnect = 0
        return
      }
      followers.append(follower)
      toConnect -= 1
      connecting += 1
    }
  }

  /// Connects one follower that never reads.
  func connectDeaf(from source: SocketAddress) {
    let deaf = LoadFollower(self, isDeaf: true)
    if start(deaf, from: source) { deafFollowers.append(deaf) }
  }

  private func start(_ follower: LoadFollower, from source: SocketAddress) -> Bool {
    do {
      try follower.connect(from: source)
      return true
    } catch {
      firstError = firstError ?? "\(error)"
      endedCount += 1
      return false
    }
  }

  func disconnect() {
    for follower in followers + deafFollowers { follower.close() }
  }

  // MARK: What followers tell

  func attached(at offset: UInt64) {
    attachedCount += 1
    connecting -= 1
    seenByFirst = max(seenByFirst, offset)
    seenByAll = max(seenByAll, offset)
    connectMore()
  }

  func delivered(_ offset: UInt64, nanoseconds: UInt64) {
    deliveries += 1
    latency.record(nanoseconds)
    guard offset > seenByAll, offset - seenByAll < UInt64(seen.count) else { return }
    seen[Int(offset % UInt64(seen.count))] += 1
  }

  /// A follower has read events up to `offset`.
  func read(through offset: UInt64) {
    reads += 1
    seenByFirst = max(seenByFirst, offset)
    while true {
      let next = Int((seenByAll + 1) % UInt64(seen.count))
      guard seen[next] == followers.count else { break }
      seen[next] = 0
      seenByAll += 1
    }
    publisher?.proceed()
  }

  func ended(isDeaf: Bool) {
    if isDeaf {
      deafEndedCount += 1
    } else {
      endedCount += 1
    }
  }

  // MARK: The result

  /// Closes the books: what has not come by now, up to `head`, is lost.
  func audit(expecting head: UInt64) -> SequenceAudit {
    var sum = SequenceAudit()
    for follower in followers {
      follower.finish(expecting: head)
      sum.add(follower.audit)
    }
    return sum
  }

  /// The events that followers who read were told missing.
  var toldMissing: UInt64 { followers.reduce(0) { $0 + $1.audit.toldMissing } }

  /// How many followers have been given everything up to `head`.
  func complete(_ head: UInt64) -> Int {
    followers.count { $0.audit.last >= head }
  }
}
