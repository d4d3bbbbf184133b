import FanfareActors
import FanfareRuntime

/// What becomes of a connection whose client follows channels.
extension Connection {
  /// - Parameters:
  ///   - first: what stands before all events.
  ///   - watch: what ends a stream that follows a job.
  func openStream(
    _ request: FollowRequest, _ cors: [HeaderField], greeting first: [UInt8] = [],
    _ watch: JobWatch? = nil
  ) {
    arm(nil)
    state = .gone
    let site = site.get
    let record = record.get
    let subscriber = Subscriber(
      stream: stream, format: request.format, transport: .sse, fanout: site.hubLoop.fanout.get,
      owner: record)
    record.becomes(.sse, subscriber, isResuming: request.isResuming)
    var greeting = output
    output = []
    StreamHead.append(
      retry: site.retry(), cors: cors, date: site.date(), to: &greeting)
    greeting += first
    record.watch = watch
    // What the client sends on has no meaning here.
    stream.consume(stream.inputCount)
    let lives = subscriber.begin(
      greeting: greeting, request.follows, filter: request.filter)
    if lives { watch?.begins(subscriber) }
  }

  /// Goes on as a WebSocket. Where it cannot be served now, it is told so in its own words: a
  /// browser shows a page nothing of a refused handshake.
  func openWebSocket(_ handshake: WebSocketHandshake, _ request: FollowRequest) {
    arm(nil)
    state = .gone
    let site = site.get
    let record = record.get
    let deflate = handshake.isCompressed ? site.deflate : nil
    let format = WebSocketFormat(content: request.format.content, deflate: deflate)
    let session = WebSocketSession(
      record: self.record, content: format.content, isCompressed: deflate != nil)
    let subscriber = Subscriber(
      stream: stream, format: format, transport: .webSocket,
      fanout: site.hubLoop.fanout.get, owner: session)
    record.becomes(.webSocket, subscriber, isResuming: request.isResuming)
    var greeting = output
    output = []
    handshake.appendAnswer(compresses: deflate != nil, date: site.date(), to: &greeting)
    let isTurnedAway = isOverLimit || site.isDraining
    let follows = isTurnedAway ? [] : request.follows
    guard subscriber.begin(greeting: greeting, follows, filter: request.filter) else { return }
    if isTurnedAway {
      subscriber.leave(site.isDraining ? .shutdown : .tooManyConnections, retry: site.retry())
    }
    session.assumeIsolated { $0.begin() }
  }

  func openEcho(_ handshake: WebSocketHandshake) {
    arm(nil)
    state = .gone
    var greeting = output
    output = []
    let deflate = handshake.isCompressed ? site.get.deflate : nil
    handshake.appendAnswer(compresses: deflate != nil, date: site.get.date(), to: &greeting)
    let echo = WebSocketEcho(
      stream: stream, site: site.get, record: record.get,
      deflate: deflate, greeting: greeting)
    record.get.becomes(.webSocket, echo)
    echo.begin()
    if site.get.isDraining { echo.leave(1012, "shutdown", .serverStopped) }
  }

  /// Ends an `EventSource` so that it comes back later: any status but 200 would end it for good.
  func turnAway(_ cors: [HeaderField], _ reason: EndReason? = nil) {
    let site = site.get
    StreamHead.append(retry: site.retry(), cors: cors, date: site.date(), to: &output)
    SSEFormat(content: .event, isNamed: true).appendBye(
      reason ?? (site.isDraining ? .shutdown : .tooManyConnections), retry: site.retry(),
      to: &output)
    site.metrics.errors["sse", "turned-away"] += 1
    finish(then: .linger)
  }
}
