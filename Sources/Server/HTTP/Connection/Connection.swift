import FanfareActors
import FanfareRuntime

/// One HTTP/1.1 connection, from its first byte to its end or to the stream of events that it turns
/// into. Pinned to the loop that accepted it.
///
/// Requests are answered one after another, in their order; while one is being answered no further
/// is parsed, and past ``Stream/inputBytesMax`` none is read.
actor Connection: StreamDelegate, TimerTarget {
  nonisolated let unownedExecutor: UnownedSerialExecutor

  enum State {
    /// Between requests, or within a head.
    case head(RequestHeadParser)
    case body(BodyUse, BodyReader)
    /// A task works on the answer.
    case responding
    /// An answer is on its way out.
    case writing(then: After)
    /// Refused with input unread: the answer is out, and what still comes is thrown away until the
    /// client has read it. Closing at once would reset the connection under the answer.
    case lingering
    /// Handed to a subscriber, or closed.
    case gone
  }

  enum After {
    case nextRequest
    case close
    case linger
  }

  /// The bytes of answers that wait for the end of the turn while more requests are at hand.
  private static let gatheredBytesMax = 64 * 1024
  private static let lingerTimeout = Duration.seconds(2)
  private static let writeTimeout = Duration.seconds(30)

  let stream: Stream
  let site: LoopConfined<LoopSite>
  let record: LoopConfined<ConnectionRecord>
  var state: State
  var output: [UInt8] = []
  private var outputStart = 0
  /// Whether ``output`` is sent at the end of the turn.
  private var isGathering = false
  /// Whether the kernel has not taken all of ``output``.
  private var isBlocked = false
  var timer = TimerToken.none
  /// Ends the wait of a long poll under way.
  var hangUp: HangUp?
  private(set) var inputHasEnded = false
  private var isProcessing = false
  let isOverLimit: Bool

  init(
    stream: Stream, site: LoopConfined<LoopSite>, record: LoopConfined<ConnectionRecord>,
    isOverLimit: Bool
  ) {
    self.stream = stream
    self.site = site
    self.record = record
    self.isOverLimit = isOverLimit
    unownedExecutor = stream.loop.asUnownedSerialExecutor()
    state = .head(RequestHeadParser(headBytesMax: site.get.limits.requestHeadBytesMax))
  }

  /// Not held: a connection would carry a copy of every bound.
  var limits: Limits { site.get.limits }

  func begin() {
    arm(limits.headReadTimeout)
  }

  // MARK: The stream's word

  nonisolated func streamHasInput(_ stream: Stream) {
    assumeIsolated { $0.process() }
  }

  nonisolated func streamIsWritable(_ stream: Stream) {
    assumeIsolated { $0.flush() }
  }

  nonisolated func streamEnded(_ stream: Stream, _ end: StreamEnd) {
    assumeIsolated { $0.inputEnded(end) }
  }

  nonisolated func timerFired() {
    assumeIsolated { $0.timedOut() }
  }

  private func inputEnded(_ end: StreamEnd) {
    inputHasEnded = true
    hangUp?.hangUp()
    switch (end, state) {
    case (.failed, _): close(.socketError)
    case (.finished, .head), (.finished, .body), (.finished, .lingering): close(.clientClosed)
    // A client may close its half and still read the answer.
    case (.finished, .responding), (.finished, .writing), (.finished, .gone): break
    }
  }

  /// Whether all that the client will ever send has been read.
  private var inputIsOver: Bool { inputHasEnded && stream.inputCount == 0 }

  private func timedOut() {
    timer = .none
    switch state {
    case .head:
      // Silence between requests is no fault.
      if stream.inputCount == 0 { return close(.idle) }
      refuse(Problem(408, "slow-head", "Send the whole request head sooner."))
    case .body: refuse(Problem(408, "slow-body", "Send the whole request body sooner."))
    case .responding: break
    case .writing: close(.stalled)
    case .lingering: close(.refused)
    case .gone: break
    }
  }

  func arm(_ delay: Duration?) {
    stream.loop.cancel(timer)
    timer = delay.map { stream.loop.schedule(after: $0, self) } ?? .none
  }

  // MARK: Reading

  private func process() {
    // An answer that is out at once comes back here through `flush`; the loop below goes on with
    // it. Calling again would nest as deep as a client pipelines.
    guard !isProcessing else { return }
    isProcessing = true
    defer { isProcessing = false }
    var goesOn = true
    while goesOn {
      switch state {
      case .head(let parser): goesOn = readHead(parser)
      case .body(let use, let reader): goesOn = readBody(use, reader)
      case .lingering:
        stream.consume(stream.inputCount)
        goesOn = false
      case .responding, .writing, .gone: goesOn = false
      }
    }
  }

  private func readHead(_ parser: RequestHeadParser) -> Bool {
    guard stream.inputCount > 0 else { return false }
    var parser = parser
    switch stream.withInput({ parser.parse($0) }) {
    case .needsMore:
      if inputHasEnded {
        close(.clientClosed)
        return false
      }
      // The first byte of a later request starts its time; that of the first runs since the accept.
      if record.get.requests > 0, !record.get.isReadingHead {
        record.get.isReadingHead = true
        arm(limits.headReadTimeout)
      }
      state = .head(parser)
      return false
    case .refused(let refusal):
      refuse(Problem(refusal))
      return true
    case .head(let head, let consumed):
      stream.consume(consumed)
      record.get.isReadingHead = false
      record.get.requests &+= 1
      begin(head)
      return true
    }
  }

  private func begin(_ head: RequestHead) {
    let site = site.get
    let admission: Admission
    let cors: [HeaderField]
    do throws(Problem) {
      (admission, cors) = try site.admission.admit(head)
      if isOverLimit, !admission.isServedOverLimit { throw .tooManyConnections }
    } catch {
      return refuse(error, exchange(head, cors: []))
    }
    let exchange = exchange(head, cors: cors)
    switch admission {
    case .publish(let channel, let isNDJSON, let key):
      let exchange = self.exchange(head, readsBody: true, cors: cors)
      awaitBody(
        head, .publish(channel: channel, isNDJSON: isNDJSON, key: key, exchange))
    case .jobs(let request):
      guard request.readsBody else { return answer(.jobs(request), exchange) }
      awaitBody(head, .jobs(request, self.exchange(head, readsBody: true, cors: cors)))
    case .jobEvents(let job, let request, let isStream):
      if isStream, isOverLimit || site.isDraining {
        turnAway(cors)
      } else {
        follow(job, request, isStream: isStream, exchange)
      }
    case .stream(let request):
      if isOverLimit || site.isDraining {
        turnAway(cors)
      } else {
        openStream(request, cors)
      }
    case .webSocket(let handshake, let request): openWebSocket(handshake, request)
    case .echo(let handshake): openEcho(handshake)
    case .streamHead:
      var head = Response(status: 200, fields: StreamHead.fields)
      head.hasLength = false
      respond(head, exchange)
    case .options(let endpoint):
      // A preflight's fields say all that the others would, and may not be said twice.
      let fields = site.admission.policy.preflight(head) ?? cors
      respond(
        Response(status: 204, fields: [endpoint.allow] + fields),
        self.exchange(head, cors: []))
    case .read(let request): answer(.read(request), exchange)
    case .operator(let endpoint, let target): answer(.operator(endpoint, target), exchange)
    case .page(let response): respond(response, exchange)
    }
  }

  private func exchange(
    _ head: RequestHead, readsBody: Bool = false, cors: [HeaderField]
  ) -> Exchange {
    Exchange(head, readsBody: readsBody, isLast: isOverLimit, cors: cors)
  }

  private func awaitBody(_ head: RequestHead, _ use: BodyUse) {
    state = .body(use, BodyReader(head.framing))
    arm(limits.bodyReadTimeout)
    if head.expectsContinue { interim() }
  }

  private func readBody(_ use: BodyUse, _ reader: BodyReader) -> Bool {
    var consumed = 0
    let outcome = stream.withInput { input in
      reader.read(input, bytesMax: limits.publishBodyBytesMax, consumed: &consumed)
    }
    stream.consume(consumed)
    switch outcome {
    case .needsMore:
      state = .body(use, reader)
      if inputHasEnded { close(.clientClosed) }
      return false
    case .refused(let refusal):
      refuse(Problem(refusal))
      return true
    case .complete:
      answer(use, with: reader.body)
      return true
    }
  }

  // MARK: Answering

  /// Answers, and goes on where another request may follow.
  func finish(_ response: Response, _ exchange: Exchange) {
    // A client that has ended its side still gets the answers to all it sent.
    let closes = !exchange.keepsAlive || site.get.isDraining || inputIsOver
    write(response, exchange, closes: closes)
    finish(then: closes ? (exchange.keepsAlive ? .close : .linger) : .nextRequest)
  }

  private func write(_ response: Response, _ exchange: Exchange, closes: Bool) {
    var fields = response.fields + exchange.cors
    if closes {
      fields.append(HeaderField("Connection", "close"))
    } else if exchange.isOld {
      fields.append(HeaderField("Connection", "keep-alive"))
    }
    let framing: BodyFraming = response.hasLength ? .length(response.body.count) : .none
    ResponseHeadWriter.append(
      status: response.status, fields: fields, framing: framing, date: site.get.date(),
      to: &output)
    if !exchange.isHead { output.append(contentsOf: response.body) }
  }

  /// Refuses a request. The connection goes on only where it is known where the next one begins,
  /// and the refusal is not about the connection itself.
  private func refuse(_ problem: Problem, _ exchange: Exchange = .unreadable) {
    site.get.metrics.errors["http", problem.kind] += 1
    finish(problem.response, exchange)
  }

  private func interim() {
    output.append(contentsOf: "HTTP/1.1 100 Continue\r\n\r\n".utf8)
    _ = drain()
  }

  func finish(then after: After) {
    hangUp = nil
    if case .nextRequest = after, stream.inputCount > 0, !isBlocked,
      output.count < Self.gatheredBytesMax
    {
      // The client has sent more already: what it is answered in this turn leaves in one send.
      if !isGathering { site.get.sendsLater(self) }
      isGathering = true
      return readNext()
    }
    state = .writing(then: after)
    arm(Self.writeTimeout)
    flush()
  }

  private func flush() {
    guard drain(), case .writing(let after) = state else { return }
    switch after {
    case .close: close(.done)
    case .linger:
      state = .lingering
      stream.finishSending()
      stream.consume(stream.inputCount)
      arm(Self.lingerTimeout)
      if inputHasEnded { close(.refused) }
    case .nextRequest:
      if inputIsOver { return close(.clientClosed) }
      // The answer was under way when the server began to stop.
      if site.get.isDraining, stream.inputCount == 0 { return close(.serverStopped) }
      readNext()
    }
  }

  private func readNext() {
    state = .head(RequestHeadParser(headBytesMax: limits.requestHeadBytesMax))
    arm(limits.keepAliveTimeout)
    process()
  }

  /// Sends the answers of this turn.
  func sendGathered() {
    isGathering = false
    if case .gone = state { return }
    guard !drain(), case .head = state else { return }
    // Nothing more is read until they are out; a head that has begun is parsed anew.
    state = .writing(then: .nextRequest)
    arm(Self.writeTimeout)
  }

  /// Sends what is waiting. Returns whether all of it is out.
  private func drain() -> Bool {
    guard outputStart < output.count else { return true }
    let waiting = output
    switch stream.send(waiting.span.extracting(outputStart..<waiting.count)) {
    case .sent(let count):
      outputStart += count
      // A slow reader that moves is no stalled one.
      if case .writing = state, outputStart < output.count { arm(Self.writeTimeout) }
    case .blocked: break
    case .failed:
      close(.socketError)
      return false
    }
    isBlocked = outputStart < output.count
    guard !isBlocked else { return false }
    output = []
    outputStart = 0
    return true
  }
}
