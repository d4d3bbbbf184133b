import FanfareActors
import FanfareRuntime

/// `GET /ws/echo`: sends every message back, for trying clients and proxies (RFC 6455 as it is).
/// Reads on only when the last echo is out. Loop-confined.
final class WebSocketEcho: StreamDelegate, TimerTarget {
  private static let closeTimeout = Duration.seconds(2)

  private enum State {
    case open
    /// The close frame is on its way or out; the peer's is waited for, or has come.
    case closing(ConnectionEnd, peerHasClosed: Bool)
    case gone
  }

  private let stream: Stream
  private let site: LoopSite
  private let record: ConnectionRecord
  private let deflate: LoopConfined<MessageDeflate>?
  private var state = State.open
  private var reader: WebSocketReader
  private var output: [UInt8]
  private var outputStart = 0
  private var timer = TimerToken.none
  private var isProcessing = false
  /// Whether the client broke the protocol: nothing that it sends on can be understood.
  private var hasFailed = false

  init(
    stream: Stream, site: LoopSite, record: ConnectionRecord,
    deflate: LoopConfined<MessageDeflate>?, greeting: [UInt8]
  ) {
    self.stream = stream
    self.site = site
    self.record = record
    self.deflate = deflate
    output = greeting
    reader = WebSocketReader(
      messageBytesMax: site.limits.echoMessageBytesMax,
      inflater: deflate)
  }

  func begin() {
    stream.delegate = self
    arm(site.limits.keepAliveTimeout)
    flush()
  }

  // MARK: The stream's word

  func streamHasInput(_ stream: Stream) {
    process()
  }

  func streamIsWritable(_ stream: Stream) { flush() }

  func streamEnded(_ stream: Stream, _ end: StreamEnd) {
    switch (end, state) {
    case (_, .closing(let reason, _)): close(reason)
    case (.finished, _): close(.clientClosed)
    case (.failed, _): close(.socketError)
    }
  }

  func timerFired() {
    timer = .none
    switch state {
    case .open: leave(1001, "idle", .idle)
    case .closing(let reason, _): close(reason)
    case .gone: break
    }
  }

  private func arm(_ delay: Duration) {
    stream.loop.cancel(timer)
    timer = stream.loop.schedule(after: delay, self)
  }

  // MARK: Messages

  private func process() {
    guard !isProcessing else { return }
    isProcessing = true
    defer { isProcessing = false }
    while outputStart == output.count {
      if case .gone = state { return }
      guard !hasFailed else { return stream.consume(stream.inputCount) }
      var consumed = 0
      let outcome = stream.withInput { reader.read($0, consumed: &consumed) }
      stream.consume(consumed)
      switch outcome {
      case .needsMore: return
      case .failed(let fault):
        // Where one frame ends and the next begins is not known any more.
        hasFailed = true
        leave(fault.code, fault.reason, .refused)
      case .item(let item): receive(item)
      }
    }
  }

  private func receive(_ item: WebSocketReader.Item) {
    switch (state, item) {
    case (.gone, _), (.closing(_, peerHasClosed: true), _): break
    case (.closing(let reason, peerHasClosed: false), .close): close(reason)
    case (.closing, _), (.open, .pong): break
    case (.open, .close(let code)):
      state = .closing(.clientClosed, peerHasClosed: true)
      WebSocketFrame.appendClose(code, to: &output)
      arm(Self.closeTimeout)
      flush()
    case (.open, .ping(let payload)):
      WebSocketFrame.append(.pong, payload, to: &output)
      flush()
    case (.open, .text(let message)): echo(.text, message)
    case (.open, .binary(let message)): echo(.binary, message)
    }
  }

  private func echo(_ opcode: WebSocketOpcode, _ message: [UInt8]) {
    // Whole messages count, not their bytes: one may not be under way for ever.
    arm(site.limits.keepAliveTimeout)
    if let deflate, message.count >= MessageDeflate.bytesMin {
      WebSocketFrame.append(
        opcode, deflate.get.deflate(message), isCompressed: true, to: &output)
    } else {
      WebSocketFrame.append(opcode, message, to: &output)
    }
    flush()
  }

  private func flush() {
    if outputStart < output.count {
      let waiting = output
      switch stream.send(waiting.span.extracting(outputStart..<waiting.count)) {
      case .sent(let count): outputStart += count
      case .blocked: break
      case .failed: return close(.socketError)
      }
    }
    guard outputStart == output.count else { return }
    output = []
    outputStart = 0
    if case .closing(let reason, peerHasClosed: true) = state { return close(reason) }
    if hasFailed { stream.finishSending() }
    process()
  }

  // MARK: End

  /// Begins the closing handshake.
  func leave(_ code: UInt16, _ text: String, _ reason: ConnectionEnd) {
    guard case .open = state else { return }
    state = .closing(reason, peerHasClosed: false)
    WebSocketFrame.appendClose(code, reason: text, to: &output)
    arm(Self.closeTimeout)
    flush()
  }

  func close(_ reason: ConnectionEnd) {
    if case .gone = state { return }
    state = .gone
    stream.loop.cancel(timer)
    stream.close()
    record.ended(reason)
  }
}
