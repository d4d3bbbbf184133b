import CEpoll
import FanfareRuntime
import Glibc

/// Who asks over a ``PipelinedConnection``. Every call comes on the loop.
protocol Asker: AnyObject {
  /// One answer, in the order of the requests.
  ///
  /// - Parameter body: valid until this returns.
  func answered(_ status: Int, _ body: UnsafeBufferPointer<UInt8>)
  /// Answers were read, or more can be sent.
  func canAsk()
  /// The connection is closed, for this reason.
  func connectionEnded(_ reason: String)
}

/// One keep-alive connection, on which requests may follow each other without waiting for answers.
///
/// `@unchecked Sendable`: used on its loop alone.
final class PipelinedConnection: LoadHandler, @unchecked Sendable {
  /// Requests to send: appended to, then ``flush()``.
  var output: [UInt8] = []
  private(set) var isConnected = false
  weak var asker: (any Asker)?
  private let loop: LoadLoop
  private let port: UInt16
  private var token: UInt64 = 0
  private var descriptor: Int32?
  private var outputStart = 0
  private var input: [UInt8] = []

  init(_ loop: LoadLoop, to server: SocketAddress) {
    self.loop = loop
    port = server.port
  }

  /// Once, on the loop.
  func begin() { token = loop.register(self) }

  /// Whether all that was asked has been sent.
  var isSent: Bool { outputStart == output.count }

  /// Connects, unless it is.
  func connect() {
    guard descriptor == nil else { return }
    let connected = load_connect(port, 1)
    guard connected >= 0 else { return end("cannot connect: \(-connected)") }
    descriptor = connected
    loop.watch(connected, .add, for: EPOLLOUT.rawValue, token: token)
  }

  func close() {
    if let descriptor { Glibc.close(descriptor) }
    descriptor = nil
    isConnected = false
    input = []
    output = []
    outputStart = 0
  }

  /// Sends what the socket takes; the rest follows by itself.
  func flush() {
    guard isConnected, let descriptor, outputStart < output.count else { return }
    let sent = output.withUnsafeBytes { bytes in
      send(
        descriptor, bytes.baseAddress.unsafelyUnwrapped + outputStart,
        bytes.count - outputStart, Int32(MSG_NOSIGNAL))
    }
    if sent < 0, errno != EAGAIN { return end("failed: \(errno)") }
    outputStart += max(0, sent)
    guard outputStart == output.count else { return watch(EPOLLIN.rawValue | EPOLLOUT.rawValue) }
    output.removeAll(keepingCapacity: true)
    outputStart = 0
  }

  func ready(_ token: UInt32, _ events: UInt32) {
    if events & EPOLLOUT.rawValue != 0 {
      isConnected = true
      watch(EPOLLIN.rawValue)
      flush()
    }
    if events & ~EPOLLOUT.rawValue != 0 { receive() }
    asker?.canAsk()
  }

  private func watch(_ events: UInt32) {
    guard let descriptor else { return }
    loop.watch(descriptor, .change, for: events, token: token)
  }

  private func receive() {
    guard let descriptor else { return }
    let count = recv(descriptor, loop.receiveBuffer, LoadLoop.receiveBytes, Int32(MSG_DONTWAIT))
    guard count > 0 else {
      if count < 0, errno == EAGAIN { return }
      return end("ended")
    }
    let arrived = UnsafeBufferPointer(start: loop.receiveBuffer, count: count)
    guard !input.isEmpty else {
      let read = take(arrived)
      input.append(contentsOf: arrived[read...])
      return
    }
    // Held apart, so that an answer may lead to more.
    var bytes: [UInt8] = []
    swap(&bytes, &input)
    bytes.append(contentsOf: arrived)
    let read = bytes.withUnsafeBufferPointer { take($0) }
    bytes.removeFirst(read)
    swap(&bytes, &input)
  }

  /// Reads whole answers. Returns their bytes.
  private func take(_ bytes: UnsafeBufferPointer<UInt8>) -> Int {
    var start = 0
    while let head = ResponseHead(UnsafeBufferPointer(rebasing: bytes[start...])),
      bytes.count - start >= head.bytes + head.contentLength
    {
      let body = start + head.bytes
      start = body + head.contentLength
      asker?.answered(head.status, UnsafeBufferPointer(rebasing: bytes[body..<start]))
    }
    return start
  }

  private func end(_ reason: String) {
    close()
    asker?.connectionEnded(reason)
  }
}
