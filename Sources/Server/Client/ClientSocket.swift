import FanfareRuntime

/// One TCP connection of a client, with a bound on every wait. Pinned to its loop.
///
/// One call that waits at a time; ``close()`` may come during it and ends it.
actor ClientSocket: StreamDelegate, TimerTarget {
  nonisolated let unownedExecutor: UnownedSerialExecutor

  private enum State {
    case new
    case connecting(Stream)
    case open(Stream)
    /// No more input will come; what came before it may still be read.
    case ended(Stream, StreamEnd)
    case closed
  }

  private let loop: EventLoop
  private let url: ServerURL
  private var state = State.new
  private var timer = TimerToken.none
  private var waiter: CheckedContinuation<Bool, Never>?

  init(_ url: ServerURL, on loop: EventLoop) {
    self.url = url
    self.loop = loop
    unownedExecutor = loop.asUnownedSerialExecutor()
  }

  /// Whether a request may be sent: connected, and nothing unasked has come.
  var isOpen: Bool {
    switch state {
    case .open(let stream): stream.inputCount == 0
    case .new, .connecting, .ended, .closed: false
    }
  }

  func connect(to address: SocketAddress, within timeout: Duration) async throws(ClientError) {
    // `close()` may have come before.
    guard case .new = state else { throw .closed }
    let deadline = loop.refreshNow() + timeout
    do {
      state = .connecting(try Stream.connect(to: address, on: loop, delegate: self))
    } catch {
      state = .closed
      throw .unreachable(url, code: error.code)
    }
    while true {
      switch state {
      case .connecting:
        guard await wait(until: deadline) else {
          close()
          throw .unreachable("cannot reach \(url): no connection within \(timeout.inWords)")
        }
      case .open: return
      case .ended(_, .failed(let code)):
        close()
        throw .unreachable(url, code: code)
      case .ended(_, .finished): return
      case .new, .closed: throw .closed
      }
    }
  }

  /// Sends `bytes`. Returns false, perhaps with some unsent, when the server has begun to answer or
  /// takes no more; what it said can still be received.
  func send(_ bytes: [UInt8], within timeout: Duration) async throws(ClientError) -> Bool {
    var start = 0
    var deadline = loop.refreshNow() + timeout
    while start < bytes.count {
      switch state {
      case .open(let stream):
        guard stream.inputCount == 0 else { return false }
        switch stream.send(bytes.span.extracting(start..<bytes.count)) {
        case .sent(let count):
          start += count
          deadline = loop.now + timeout
        case .blocked:
          guard await wait(until: deadline) else {
            throw .lost("the server took nothing for \(timeout.inWords)")
          }
        case .failed: return false
        }
      case .ended: return false
      case .new, .connecting, .closed: throw .closed
      }
    }
    return true
  }

  /// The next bytes, as soon as there are some; empty when the server has ended the connection.
  func receive(within timeout: Duration) async throws(ClientError) -> [UInt8] {
    let deadline = loop.refreshNow() + timeout
    while true {
      switch state {
      case .open(let stream):
        if let bytes = take(stream) { return bytes }
        guard await wait(until: deadline) else {
          throw .lost("nothing came for \(timeout.inWords)")
        }
      case .ended(let stream, let end):
        if let bytes = take(stream) { return bytes }
        switch end {
        case .finished: return []
        case .failed(let code): throw .lost(code: code)
        }
      case .new, .connecting, .closed: throw .closed
      }
    }
  }

  func close() {
    switch state {
    case .new, .closed: break
    case .connecting(let stream), .open(let stream), .ended(let stream, _): stream.close()
    }
    state = .closed
    wake(true)
  }

  private func take(_ stream: Stream) -> [UInt8]? {
    guard stream.inputCount > 0 else { return nil }
    let bytes = stream.withInput { [UInt8]($0) }
    stream.consume(bytes.count)
    return bytes
  }

  // MARK: Waiting

  /// Returns true when something has happened, false when the time is over. The state is looked at
  /// again after it.
  private func wait(until deadline: MonotonicInstant) async -> Bool {
    timer = loop.schedule(at: deadline, self)
    let isReady = await withCheckedContinuation { waiter = $0 }
    loop.cancel(timer)
    return isReady
  }

  private func wake(_ isReady: Bool) {
    let waiter = waiter
    self.waiter = nil
    waiter?.resume(returning: isReady)
  }

  nonisolated func timerFired() {
    assumeIsolated { $0.wake(false) }
  }

  nonisolated func streamHasInput(_ stream: Stream) {
    assumeIsolated { $0.wake(true) }
  }

  nonisolated func streamIsWritable(_ stream: Stream) {
    assumeIsolated { socket in
      if case .connecting(let stream) = socket.state { socket.state = .open(stream) }
      socket.wake(true)
    }
  }

  nonisolated func streamEnded(_ stream: Stream, _ end: StreamEnd) {
    assumeIsolated { $0.ended(end) }
  }

  private func ended(_ end: StreamEnd) {
    switch state {
    case .connecting(let stream), .open(let stream): state = .ended(stream, end)
    case .new, .ended, .closed: break
    }
    wake(true)
  }
}

extension Duration {
  /// `10 s` or `1.5 s`, for people.
  var inWords: String {
    let tenths = (milliseconds + 50) / 100
    return tenths % 10 == 0 ? "\(tenths / 10) s" : "\(tenths / 10).\(tenths % 10) s"
  }
}
