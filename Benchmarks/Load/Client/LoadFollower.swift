import FanfareRuntime

/// One SSE connection of the load side. Loop-confined.
final class LoadFollower: StreamDelegate {
  enum State: Equatable {
    case connecting
    case head
    case streaming
    case ended
  }

  private(set) var state = State.connecting
  private(set) var audit = SequenceAudit()
  private unowned let crowd: Crowd
  /// Whether it leaves everything in the socket: the follower that never reads.
  private let isDeaf: Bool
  private var stream: Stream?

  init(_ crowd: Crowd, isDeaf: Bool) {
    self.crowd = crowd
    self.isDeaf = isDeaf
  }

  func connect(from source: SocketAddress?) throws(RuntimeError) {
    stream = try Stream.connect(
      to: crowd.address, from: source, on: crowd.loop, delegate: self)
  }

  func close() {
    stream?.close()
    stream = nil
    state = .ended
  }

  /// What it has not been given by now is lost.
  func finish(expecting head: UInt64) { audit.end(expecting: head) }

  func streamIsWritable(_ stream: Stream) {
    guard state == .connecting else { return }
    state = .head
    let request = crowd.request
    switch stream.send(request.span) {
    case .sent(request.count): break
    case .sent, .blocked, .failed: fail()
    }
  }

  func streamHasInput(_ stream: Stream) {
    // The stream's input fills to its bound, then the kernel's buffers do.
    guard !isDeaf else { return }
    if state == .head, !readHead(stream) { return }
    let now = crowd.loop.refreshNow().nanoseconds
    let before = crowd.deliveries
    let consumed = stream.withInput { input in
      var index = 0
      while let block = BlockScanner.next(input, &index) { take(block, now) }
      return index
    }
    stream.consume(consumed)
    if crowd.deliveries > before { crowd.read(through: audit.last) }
  }

  func streamEnded(_ stream: Stream, _ end: StreamEnd) { fail() }

  private func take(_ block: BlockScanner.Block, _ now: UInt64) {
    switch block {
    case .event(let position, let sent):
      audit.event(position)
      crowd.delivered(position.offset, nanoseconds: now > sent ? now - sent : 0)
    case .cursor(let position):
      let isFirst = !audit.isAttached
      audit.cursor(position)
      if isFirst { crowd.attached(at: position.offset) }
    case .gap(let first, let end): audit.gap(from: first, to: end)
    case .reset: audit.reset()
    case .bye, .other: break
    }
  }

  /// Whether the answer's head is behind us.
  private func readHead(_ stream: Stream) -> Bool {
    let head = stream.withInput { ResponseHead($0) }
    guard let head else { return false }
    stream.consume(head.bytes)
    guard head.status == 200 else {
      fail()
      return false
    }
    state = .streaming
    return true
  }

  private func fail() {
    guard state != .ended else { return }
    close()
    crowd.ended(isDeaf: isDeaf)
  }
}
