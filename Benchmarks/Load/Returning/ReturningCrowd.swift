import FanfareRuntime

/// Followers that outlive their server. Loop-confined.
final class ReturningCrowd: TimerTarget {
  /// The connects begun in one tick of the first arrival.
  private static let connectsPerTick = 64
  private static let tick = Duration.milliseconds(20)

  let address: SocketAddress
  let source: SocketAddress
  let loop: EventLoop
  private(set) var isOpen = true
  private(set) var followers: [ReturningFollower] = []
  private(set) var attachedCount = 0
  /// How many attached in each second since ``restarted()``.
  private(set) var arrivals: [Int] = []
  private(set) var deliveries: UInt64 = 0
  private var restart: MonotonicInstant?
  private var started = 0

  init(address: SocketAddress, source: SocketAddress, loop: EventLoop) {
    self.address = address
    self.source = source
    self.loop = loop
  }

  func connect(sse: Int, webSockets: Int) {
    for index in 0..<(sse + webSockets) {
      followers.append(ReturningFollower(self, index < sse ? .sse : .webSocket))
    }
    timerFired()
  }

  func timerFired() {
    let next = min(followers.count, started + Self.connectsPerTick)
    for index in started..<next { followers[index].connect() }
    started = next
    if started < followers.count { _ = loop.schedule(after: Self.tick, self) }
  }

  func restarted() { restart = loop.now }

  func came() {
    attachedCount += 1
    guard let restart else { return }
    let second = Int((loop.now - restart).inSeconds)
    while arrivals.count <= second { arrivals.append(0) }
    arrivals[second] += 1
  }

  func left() { attachedCount -= 1 }

  func delivered(_ offset: UInt64) { deliveries += 1 }

  /// Whether all stand at `offset`.
  func isComplete(_ offset: UInt64) -> Bool {
    followers.allSatisfy { $0.isAttached && FollowerMessages.offset($0.cursor) == offset }
  }

  func end() {
    isOpen = false
    for follower in followers { follower.close() }
  }
}
