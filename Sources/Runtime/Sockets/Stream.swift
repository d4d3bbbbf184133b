import CLibuv
import Glibc

/// Who hears of a stream. Every call comes on the stream's loop.
public protocol StreamDelegate: AnyObject {
  /// Bytes have been added to ``Stream/input``.
  func streamHasInput(_ stream: Stream)
  /// A blocked stream takes bytes again, or a stream that was connecting is connected.
  func streamIsWritable(_ stream: Stream)
  /// No more input will come. After `.finished` the stream may still take bytes; after `.failed` it
  /// is dead. The delegate closes it in its own time.
  func streamEnded(_ stream: Stream, _ end: StreamEnd)
}

/// Why a stream's input ended.
public enum StreamEnd: Sendable, Equatable {
  /// The peer closed its sending side (FIN).
  case finished
  /// The system reported this error number (positive, as in `errno`).
  case failed(Int32)
}

/// What became of a send.
public enum SendOutcome: Sendable, Equatable {
  /// The kernel took so many bytes, at least one; fewer than offered means that it is full.
  case sent(Int)
  /// The kernel is full. ``StreamDelegate/streamIsWritable(_:)`` follows.
  case blocked
  /// The connection is gone, with this error number (positive).
  case failed(Int32)
}

/// One TCP connection on one loop: a send goes straight to the socket, without a copy or a queue;
/// libuv only says when it may go on.
///
/// Received bytes gather in ``input`` up to ``inputBytesMax``; then reading pauses until the
/// delegate consumes some. What the kernel does not take of a send stays with the caller.
///
/// `@unchecked Sendable`: every member is used on `loop` alone; the entry points check it.
public final class Stream: LoopResource, @unchecked Sendable {
  /// The received bytes that may wait to be consumed.
  public static let inputBytesMax = 64 * 1024

  private enum Socket {
    case descriptor(Int32, SocketPoller.Token)
    case simulated(SimulatedSocket)
    case closed
  }

  /// The loop that owns this stream.
  public let loop: EventLoop
  /// Who is told. Held until ``close()``.
  public var delegate: (any StreamDelegate)?
  private var socket: Socket
  private var isConnecting: Bool
  private var isBlocked = false
  private var inputEnded = false
  private var watched: SocketPoller.Readiness = []
  private var inputStart = 0
  private var inputBytes: [UInt8] = []

  /// Takes over a connected, non-blocking descriptor.
  init(descriptor: Int32, loop: EventLoop, isConnecting: Bool = false) throws(RuntimeError) {
    self.loop = loop
    self.isConnecting = isConnecting
    guard case .libuv(let driver) = loop.driver else {
      throw RuntimeError(operation: "a socket on a simulated loop", code: -EINVAL)
    }
    socket = .closed
    // The poller holds the stream until `close()`.
    socket = .descriptor(descriptor, driver.sockets.add(self))
    // One that was accepted has it from its listener.
    if isConnecting { Self.sendAtOnce(descriptor) }
    let code = updatePoll()
    guard code == 0 else {
      close()
      throw RuntimeError(operation: "epoll_ctl", code: -code)
    }
  }

  init(simulated: SimulatedSocket, loop: EventLoop) {
    self.loop = loop
    isConnecting = false
    socket = .simulated(simulated)
    simulated.stream = self
    loop.open[ObjectIdentifier(self)] = self
  }

  /// Begins to connect; ``StreamDelegate/streamIsWritable(_:)`` or
  /// ``StreamDelegate/streamEnded(_:_:)`` tells how it went.
  ///
  /// - Parameter source: the address of this machine to connect from, with port 0. A client that
  ///   opens more connections to one server than there are ephemeral ports (28,000 by default)
  ///   needs several.
  public static func connect(
    to address: SocketAddress, from source: SocketAddress? = nil, on loop: EventLoop,
    delegate: any StreamDelegate
  ) throws(RuntimeError) -> Stream {
    loop.preconditionOnLoop()
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    let descriptor = Glibc.socket(address.family, kind, 0)
    guard descriptor >= 0 else { throw RuntimeError(operation: "socket", code: -errno) }
    if let source {
      // The port is chosen by `connect`, which knows the whole pair: `bind` would take ports that
      // other pairs may still use.
      var on: Int32 = 1
      let size = socklen_t(MemoryLayout<Int32>.size)
      setsockopt(descriptor, Int32(IPPROTO_IP), IP_BIND_ADDRESS_NO_PORT, &on, size)
      guard source.withSockaddr({ Glibc.bind(descriptor, $0, $1) }) == 0 else {
        let error = RuntimeError(operation: "connect from \(source.text)", code: -errno)
        Glibc.close(descriptor)
        throw error
      }
    }
    let code = address.withSockaddr { Glibc.connect(descriptor, $0, $1) }
    guard code == 0 || errno == EINPROGRESS else {
      let error = RuntimeError(operation: "connect to \(address.text)", code: -errno)
      Glibc.close(descriptor)
      throw error
    }
    let stream = try Stream(descriptor: descriptor, loop: loop, isConnecting: true)
    stream.delegate = delegate
    return stream
  }

  /// Lets small segments go out while others are unacknowledged (TCP_NODELAY).
  static func sendAtOnce(_ descriptor: Int32) {
    var on: Int32 = 1
    setsockopt(
      descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
  }

  // MARK: Output

  /// Offers bytes to the kernel once. One system call, no copy.
  public func send(_ bytes: Span<UInt8>) -> SendOutcome {
    let handle = handle
    guard handle != .none else { return .failed(EPIPE) }
    return settle(loop.send(bytes, to: handle), of: bytes.count)
  }

  /// Names this stream's socket for ``EventLoop/send(_:to:)``.
  public var handle: SocketHandle {
    switch socket {
    case .descriptor(let descriptor, _): SocketHandle(number: descriptor)
    case .simulated(let simulated): SocketHandle(number: simulated.number)
    case .closed: .none
    }
  }

  /// Takes note of what became of a send of `count` bytes to ``handle``, and says it in words.
  public func settle(_ result: Int, of count: Int) -> SendOutcome {
    if result == count { return .sent(count) }
    if result >= 0 {
      block()
      return .sent(result)
    }
    let code = Int32(-result)
    if code == EAGAIN || code == EINTR || code == ENOBUFS {
      block()
      return .blocked
    }
    return .failed(code)
  }

  /// Ends the sending side; the peer sees the end of the stream after all that was sent.
  public func finishSending() {
    loop.preconditionOnLoop()
    switch socket {
    case .descriptor(let descriptor, _): shutdown(descriptor, Int32(SHUT_WR))
    case .simulated(let simulated): simulated.finishSending()
    case .closed: break
    }
  }

  private func block() {
    guard !isBlocked else { return }
    isBlocked = true
    updatePoll()
  }

  // MARK: Input

  /// The bytes received and not yet consumed.
  public var inputCount: Int { inputBytes.count - inputStart }

  /// Shows the bytes received and not yet consumed.
  public func withInput<Result>(_ body: (Span<UInt8>) throws -> Result) rethrows -> Result {
    loop.preconditionOnLoop()
    let bytes = inputBytes
    let span = bytes.span
    return try body(span.extracting(inputStart..<bytes.count))
  }

  /// Drops the first `count` bytes of the input; reading goes on if it had paused.
  public func consume(_ count: Int) {
    inputStart += min(count, inputCount)
    if inputStart == inputBytes.count {
      // An idle connection holds no buffer.
      inputBytes = []
      inputStart = 0
    } else if inputStart >= Self.inputBytesMax {
      inputBytes.removeFirst(inputStart)
      inputStart = 0
    }
    updatePoll()
    if case .simulated(let simulated) = socket { simulated.readOn() }
  }

  private func received(_ bytes: ArraySlice<UInt8>) {
    inputBytes.append(contentsOf: bytes)
    updatePoll()
    delegate?.streamHasInput(self)
  }

  private func endInput(_ end: StreamEnd) {
    // A peer that has finished may still fail.
    guard !inputEnded || end != .finished else { return }
    inputEnded = true
    updatePoll()
    delegate?.streamEnded(self, end)
  }

  // MARK: Life

  /// Whether ``close()`` has been called.
  public var isClosed: Bool {
    if case .closed = socket { return true }
    return false
  }

  /// The peer's address, for operators.
  public var peer: String {
    switch socket {
    case .descriptor(let descriptor, _):
      SocketAddress.of(descriptor) { getpeername($0, $1, $2) }?.text ?? "gone"
    case .simulated: "simulated"
    case .closed: "gone"
    }
  }

  /// Closes the socket at once and lets go of the delegate, which hears nothing more.
  public func close() {
    loop.preconditionOnLoop()
    delegate = nil
    inputBytes = []
    inputStart = 0
    switch socket {
    case .closed: return
    case .descriptor(let descriptor, let token):
      socket = .closed
      Glibc.close(descriptor)
      // Last: the poller may have held the last reference.
      if case .libuv(let driver) = loop.driver { driver.sockets.remove(token) }
    case .simulated(let simulated):
      simulated.close()
      socket = .closed
      loop.open[ObjectIdentifier(self)] = nil
    }
  }

  func closeResource() { close() }

  /// Watches for what is wanted now. Returns the system's error number, 0 where there is none.
  @discardableResult
  private func updatePoll() -> Int32 {
    guard case .descriptor(let descriptor, let token) = socket,
      case .libuv(let driver) = loop.driver
    else { return 0 }
    var wanted: SocketPoller.Readiness = []
    if !inputEnded, inputCount < Self.inputBytesMax, !isConnecting { wanted.insert(.readable) }
    if isBlocked || isConnecting { wanted.insert(.writable) }
    guard wanted != watched else { return 0 }
    defer { watched = wanted }
    return driver.sockets.watch(descriptor, token, for: wanted, before: watched)
  }

  private func unwatch() {
    guard case .descriptor(let descriptor, let token) = socket,
      case .libuv(let driver) = loop.driver
    else { return }
    _ = driver.sockets.watch(descriptor, token, for: [], before: watched)
    watched = []
  }

  /// The poller's word on this stream's socket.
  func ready(_ readiness: SocketPoller.Readiness) {
    if isConnecting { return finishConnecting() }
    if readiness.contains(.failed) {
      // It would be told again and again; what is still wanted is asked for anew.
      unwatch()
      return fail()
    }
    if readiness.contains(.readable) { read() }
    if readiness.contains(.writable), isBlocked {
      isBlocked = false
      updatePoll()
      delegate?.streamIsWritable(self)
    }
  }

  /// The socket has an error. What was received before is still read; nothing else would ever tell
  /// of the end.
  private func fail() {
    read()
    guard case .descriptor(let descriptor, _) = socket else { return }
    endInput(.failed(Self.error(of: descriptor) ?? ECONNRESET))
    guard !isClosed, isBlocked else { return }
    // The input had ended before; the writer learns of the error by its next send.
    isBlocked = false
    delegate?.streamIsWritable(self)
  }

  /// The error that waits on a socket, which this takes off it.
  private static func error(of descriptor: Int32) -> Int32? {
    var code: Int32 = 0
    var size = socklen_t(MemoryLayout<Int32>.size)
    getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size)
    return code == 0 ? nil : code
  }

  private func finishConnecting() {
    guard case .descriptor(let descriptor, _) = socket else { return }
    isConnecting = false
    let code = Self.error(of: descriptor)
    updatePoll()
    if let code {
      endInput(.failed(code))
    } else {
      delegate?.streamIsWritable(self)
    }
  }

  private func read() {
    guard case .descriptor(let descriptor, _) = socket, !inputEnded else { return }
    let room = min(loop.receiveBuffer.count, Self.inputBytesMax - inputCount)
    guard room > 0 else { return }
    let count = loop.receiveBuffer.withUnsafeMutableBytes { buffer in
      recv(descriptor, buffer.baseAddress, room, Int32(MSG_DONTWAIT))
    }
    switch count {
    case 0: endInput(.finished)
    case ..<0:
      let code = errno
      if code != EAGAIN, code != EINTR { endInput(.failed(code)) }
    default: received(loop.receiveBuffer[..<count])
    }
  }

  /// The simulated network's word that something changed.
  func simulatedReady() {
    guard case .simulated(let simulated) = socket else { return }
    simulated.looked()
    let room = Self.inputBytesMax - inputCount
    if !inputEnded, room > 0 {
      let bytes = simulated.receive(atMost: room)
      if !bytes.isEmpty { received(bytes[...]) }
    }
    if !isClosed, !inputEnded, let end = simulated.inputEnd { endInput(end) }
    if !isClosed, isBlocked, simulated.canSend {
      isBlocked = false
      delegate?.streamIsWritable(self)
    }
  }
}
