import CEpoll
import FanfareRuntime
import Glibc

/// The followers of the load side, of one channel or of several in turn.
///
/// `@unchecked Sendable`: used on `loop` alone.
final class Crowd: LoadHandler, @unchecked Sendable {
  /// The connections that are on their way at once.
  private static let connectingMax = 256
  /// The followers of one source address: below the 28,000 ephemeral ports of a pair.
  private static let followersPerSource = 20_000
  /// The last byte of the first source address.
  private static let firstHost = 1
  /// The bytes of a message that may wait for its rest.
  private static let restBytesMax = 256 * 1024
  /// An empty, masked pong (RFC 6455 section 5.5.3).
  private static let pong: [UInt8] = [0x8A, 0x80, 0, 0, 0, 0]

  let loop: LoadLoop
  let transport: Transport
  let dialect: Dialect
  let port: UInt16
  private let followers: UnsafeMutablePointer<LoadFollower>
  private let followersMax: Int
  private(set) var count = 0
  private var channels: [CrowdChannel]
  private var tokens: UInt64 = 0
  private(set) var attachedCount = 0
  /// When the newest follower was attached.
  private(set) var lastAttached: UInt64 = 0
  /// Followers whose connection failed or was ended by the server.
  private(set) var endedCount = 0
  /// Events given to followers.
  private(set) var deliveries: UInt64 = 0
  /// Reads that held at least one event.
  private(set) var reads: UInt64 = 0
  private(set) var firstError: String?
  var latency = LatencyHistogram()
  weak var publisher: Publisher?
  /// Sums over the channels.
  private(set) var seenByFirst: UInt64 = 0
  private(set) var seenByAll: UInt64 = 0
  private var toConnect = 0
  private var connecting = 0

  /// A crowd of at most as many followers as this process may have descriptors.
  init(
    address: SocketAddress, channels names: [String], transport: Transport, dialect: Dialect,
    loop: LoadLoop
  ) {
    self.loop = loop
    self.transport = transport
    self.dialect = dialect
    port = address.port
    followersMax = ProcessStatistics.raiseDescriptorLimit()
    followers = .allocate(capacity: followersMax)
    channels = names.map { name in
      CrowdChannel(
        name: name, dialect: dialect,
        request: transport.request(channel: name, host: address.text),
        underWayMax: names.count == 1 ? CrowdChannel.underWayMax : 64)
    }
  }

  deinit {
    followers.deinitialize(count: count)
    followers.deallocate()
  }

  /// Once, on the loop.
  func begin() { tokens = loop.register(self) }

  /// Begins to connect so many followers, of all channels in turn.
  func connect(_ count: Int) {
    toConnect = count
    connectMore()
  }

  private func connectMore() {
    while toConnect > 0, connecting < Self.connectingMax {
      let host = Self.firstHost + count / Self.followersPerSource
      guard add(host: UInt8(host), isDeaf: false) else {
        toConnect = 0
        return
      }
      toConnect -= 1
      connecting += 1
    }
  }

  /// Connects one follower that never reads, from 127.0.0.`host`.
  func connectDeaf(host: UInt8) { _ = add(host: host, isDeaf: true) }

  private func add(host: UInt8, isDeaf: Bool) -> Bool {
    let descriptor = count < followersMax ? load_connect(port, host) : -EMFILE
    guard descriptor >= 0 else {
      firstError = firstError ?? "connect: error \(-descriptor)"
      endedCount += 1
      return false
    }
    let index = count
    let channel = index % channels.count
    (followers + index).initialize(
      to: LoadFollower(descriptor: descriptor, channel: channel, isDeaf: isDeaf))
    count += 1
    if !isDeaf { channels[channel].followers += 1 }
    // On a loopback most connections stand when `connect` returns: one round less for each.
    if !isDeaf, sendRequest(followers + index) {
      loop.watch(descriptor, .add, for: EPOLLIN.rawValue, token: tokens | UInt64(index))
    } else {
      loop.watch(descriptor, .add, for: EPOLLOUT.rawValue, token: tokens | UInt64(index))
    }
    return true
  }

  func disconnect() {
    for index in 0..<count { close(followers + index) }
  }

  private func close(_ follower: UnsafeMutablePointer<LoadFollower>) {
    guard follower.pointee.state != .ended else { return }
    follower.pointee.state = .ended
    follower.pointee.rest = []
    Glibc.close(follower.pointee.descriptor)
  }

  private func fail(_ follower: UnsafeMutablePointer<LoadFollower>) {
    close(follower)
    if !follower.pointee.isDeaf { endedCount += 1 }
  }

  // MARK: Sockets

  func ready(_ token: UInt32, _ events: UInt32) {
    let follower = followers + Int(token)
    switch follower.pointee.state {
    case .connecting: connected(follower, token)
    case .head, .streaming:
      if follower.pointee.isDeaf { fail(follower) } else { receive(follower) }
    case .ended: break
    }
  }

  private func connected(_ follower: UnsafeMutablePointer<LoadFollower>, _ token: UInt32) {
    guard sendRequest(follower) else { return fail(follower) }
    // One that never reads still hears of its end.
    loop.watch(
      follower.pointee.descriptor, .change,
      for: follower.pointee.isDeaf ? 0 : EPOLLIN.rawValue, token: tokens | UInt64(token))
  }

  /// Whether the request has gone out.
  private func sendRequest(_ follower: UnsafeMutablePointer<LoadFollower>) -> Bool {
    let request = channels[follower.pointee.channel].request
    let sent = send(
      follower.pointee.descriptor, request, request.count, Int32(MSG_NOSIGNAL))
    guard sent == request.count else { return false }
    follower.pointee.state = .head
    return true
  }

  private func receive(_ follower: UnsafeMutablePointer<LoadFollower>) {
    let buffer = loop.receiveBuffer
    let held = follower.pointee.rest.count
    let received = recv(
      follower.pointee.descriptor, buffer + held, LoadLoop.receiveBytes - held,
      Int32(MSG_DONTWAIT))
    guard received > 0 else {
      if received == 0 || (errno != EAGAIN && errno != EINTR) { fail(follower) }
      return
    }
    if held > 0 {
      follower.pointee.rest.withUnsafeBufferPointer { rest in
        if let base = rest.baseAddress { buffer.update(from: base, count: held) }
      }
      follower.pointee.rest.removeAll(keepingCapacity: true)
    }
    let end = held + received
    var index = 0
    if follower.pointee.state == .head {
      index = headBytes(follower, UnsafeBufferPointer(start: buffer, count: end))
    }
    if follower.pointee.state == .streaming { scan(follower, &index, end: end) }
    guard follower.pointee.state != .ended, index < end else { return }
    guard end - index <= Self.restBytesMax else { return fail(follower) }
    follower.pointee.rest.append(
      contentsOf: UnsafeBufferPointer(start: buffer + index, count: end - index))
  }

  /// The bytes of the answer's head; 0 while it is not all there.
  private func headBytes(
    _ follower: UnsafeMutablePointer<LoadFollower>, _ input: UnsafeBufferPointer<UInt8>
  ) -> Int {
    guard let head = ResponseHead(input) else { return 0 }
    if head.status == transport.status {
      follower.pointee.state = .streaming
      // No other word tells that it is attached.
      if dialect == .nchan { take(.cursor(StreamPosition(offset: 0, epoch: 0)), follower, 0) }
    } else {
      firstError = firstError ?? "a follower was answered \(head.status)"
      fail(follower)
    }
    return head.bytes
  }

  private func scan(
    _ follower: UnsafeMutablePointer<LoadFollower>, _ index: inout Int, end: Int
  ) {
    let now = LoadLoop.now
    let before = deliveries
    let channel = follower.pointee.channel
    switch transport {
    case .sse:
      while let message = BlockScanner.next(
        loop.receiveBuffer, &index, end: end, dialect: dialect)
      {
        take(message, follower, now)
      }
    case .websocket:
      let frames = channels[channel].frames
      while let message = frames.next(loop.receiveBuffer, &index, end: end) {
        take(message, follower, now)
      }
    }
    guard deliveries > before else { return }
    reads += 1
    let seen = channels[channel].read(through: follower.pointee.audit.last)
    seenByFirst += seen.first
    seenByAll += seen.all
    publisher?.proceed()
  }

  private func take(
    _ message: ReceivedMessage, _ follower: UnsafeMutablePointer<LoadFollower>, _ now: UInt64
  ) {
    switch message {
    case .event(let position, let sent):
      follower.pointee.audit.event(position)
      deliveries += 1
      latency.record(now > sent ? now - sent : 0)
      channels[follower.pointee.channel].saw(position.offset)
    case .cursor(let position):
      let isFirst = !follower.pointee.audit.isAttached
      follower.pointee.audit.cursor(position)
      if isFirst { attached(follower.pointee.channel, at: position.offset) }
    case .gap(let first, let end): follower.pointee.audit.gap(from: first, to: end)
    case .reset: follower.pointee.audit.reset()
    case .ping:
      _ = send(
        follower.pointee.descriptor, Self.pong, Self.pong.count, Int32(MSG_NOSIGNAL))
    case .bye, .other: break
    }
  }

  private func attached(_ channel: Int, at offset: UInt64) {
    attachedCount += 1
    lastAttached = LoadLoop.now
    connecting -= 1
    let before = (channels[channel].seenByFirst, channels[channel].seenByAll)
    channels[channel].begin(at: offset)
    seenByFirst += channels[channel].seenByFirst - before.0
    seenByAll += channels[channel].seenByAll - before.1
    connectMore()
  }

  // MARK: The result

  /// Closes the books: what has not come by now, up to the head of each channel, is lost.
  func audit(expecting heads: [UInt64]) -> SequenceAudit {
    var sum = SequenceAudit()
    for index in 0..<count where !followers[index].isDeaf {
      followers[index].audit.end(expecting: heads[followers[index].channel])
      sum.add(followers[index].audit)
    }
    return sum
  }

  /// The events that followers who read were told missing.
  var toldMissing: UInt64 {
    (0..<count).reduce(0) { $0 + (followers[$1].isDeaf ? 0 : followers[$1].audit.toldMissing) }
  }

  /// How many followers have been given everything up to the heads.
  func complete(_ heads: [UInt64]) -> Int {
    (0..<count).count {
      !followers[$0].isDeaf && followers[$0].audit.last >= heads[followers[$0].channel]
    }
  }
}
