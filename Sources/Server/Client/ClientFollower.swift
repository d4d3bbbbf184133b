import FanfareActors
import FanfareRuntime

/// Follows channels of a server over Server-Sent Events or WebSocket, and resumes by cursor after
/// every loss of the connection.
///
///     let follower = ClientFollower(url, FollowerRequest([channel]), on: group.loops[0])
///     while let news = try await follower.next() {
///       for case .event(let event) in news { handle(event) }
///     }
///
/// Nothing is read ahead of ``next()``: a follower that is slow makes the server wait, whose
/// history is the buffer. Over WebSocket only ``next()`` answers the server's pings: one that does
/// not call it for two heartbeats is let go, and resumes. ``next()`` is called by one task at a
/// time, ``close()`` by any.
public actor ClientFollower {
  private enum State {
    /// Not connected; to be connected after so long.
    case apart(Duration)
    case following
    case ended
  }

  /// The loop.
  public nonisolated let unownedExecutor: UnownedSerialExecutor
  private let url: ServerURL
  private let request: FollowerRequest
  private let limits: ClientLimits
  private let loop: EventLoop
  private let connection: ClientConnection
  private let pause: LoopPause
  private var state = State.apart(.zero)
  private var parser: EventStreamParser
  /// Reads a WebSocket; nil on an event stream.
  private var webSocket: WebSocketNews?
  private var backoff = Backoff()
  /// The server's `retry`, until it has been heeded.
  private var toldRetry: Duration?
  /// What to resume after; nil while the server has handed out none.
  public private(set) var cursor: String?

  /// A follower that connects at the first ``next()``.
  ///
  /// - Parameter loop: the loop that does its work, of a group that runs.
  public init(
    _ url: ServerURL, _ request: FollowerRequest, on loop: EventLoop,
    limits: ClientLimits = ClientLimits()
  ) {
    self.url = url
    self.request = request
    self.limits = limits
    self.loop = loop
    unownedExecutor = loop.asUnownedSerialExecutor()
    connection = ClientConnection(url, on: loop, limits)
    pause = LoopPause(loop)
    parser = EventStreamParser(blockBytesMax: limits.eventBytesMax)
    cursor = request.cursor
  }

  /// What has come since the last call, at least one thing; nil after ``FollowerNews/over`` or
  /// ``close()``.
  ///
  /// - Throws: ``ClientError`` when trying again would not help. The follower has then ended.
  public func next() async throws(ClientError) -> [FollowerNews]? {
    while true {
      switch state {
      case .ended: return nil
      case .apart(let delay):
        await pause.wait(delay)
        // `close()` may have come during the wait.
        guard case .apart = state else { continue }
        if let news = try await attach() { return news }
      case .following:
        if let news = try await read() { return news }
      }
    }
  }

  /// Ends the follower, and a ``next()`` that waits.
  public func close() async {
    state = .ended
    await pause.end()
    await connection.close()
  }

  // MARK: Connecting

  private func attach() async throws(ClientError) -> [FollowerNews]? {
    do throws(ClientError) {
      let key = WebSocketHandshake.key(&loop.random)
      let head = try await connection.ask(request.request(after: cursor, key: key))
      // `close()` may have come during the exchange.
      guard case .apart = state else { return nil }
      switch head.status {
      case 101:
        guard head.first("sec-websocket-accept") == WebSocketHandshake.accept(key) else {
          throw .notUnderstood("\(url) did not read the WebSocket key")
        }
        webSocket = WebSocketNews(
          request.channels.map(\.text), after: cursor, eventBytesMax: limits.eventBytesMax,
          mask: UInt32.random(in: .min ... .max, using: &loop.random))
        state = .following
        return nil
      case 200:
        guard let type = head.first("content-type"), type.lowercased().hasPrefix(Self.mediaType)
        else {
          throw .notUnderstood("\(url) answers without an event stream; is it a Fanfare server?")
        }
        parser = EventStreamParser(
          lastEventID: cursor ?? "", blockBytesMax: limits.eventBytesMax)
        state = .following
        return nil
      case 204:
        state = .ended
        await connection.close()
        return [.over]
      default: throw .refused(Refusal(head, try await connection.body()))
      }
    } catch {
      return try await part(error)
    }
  }

  private static let mediaType = "text/event-stream"

  /// After a failure: plans the next try, or ends.
  private func part(_ error: ClientError) async throws(ClientError) -> [FollowerNews]? {
    // An end that was asked for is none to report.
    if case .ended = state { return nil }
    await connection.drop()
    guard error.mayPass else {
      state = .ended
      throw error
    }
    let delay = backoff.next(told: toldRetry ?? error.retryAfter, &loop.random)
    toldRetry = nil
    state = .apart(delay)
    return [.apart(error, retryIn: delay)]
  }

  // MARK: Reading

  private func read() async throws(ClientError) -> [FollowerNews]? {
    do throws(ClientError) {
      guard let bytes = try await connection.bodyPiece(within: limits.idleTimeout) else {
        throw .lost("the server ended the stream")
      }
      let news = webSocket == nil ? try parse(bytes) : try await parseWebSocket(bytes)
      return news.isEmpty ? nil : news
    } catch {
      return try await part(error)
    }
  }

  private func parseWebSocket(_ bytes: [UInt8]) async throws(ClientError) -> [FollowerNews] {
    guard let signals = try webSocket?.receive(bytes) else { return [] }
    var news: [FollowerNews] = []
    for signal in signals {
      switch signal {
      case .news(let item):
        note(item)
        news.append(item)
      case .retry(let milliseconds): toldRetry = .milliseconds(milliseconds)
      // What was read counts, also if the connection is gone; the next read tells of that.
      case .answer(let bytes): try? await connection.say(bytes)
      // What is left to come is the connection's end.
      case .closed: break
      }
    }
    return news
  }

  private func note(_ item: FollowerNews) {
    switch item {
    case .attached: backoff.reset()
    case .event(let event): cursor = event.cursor
    case .cursor(let text): cursor = text
    case .gap, .degraded, .restored, .bye, .apart, .over: break
    }
  }

  private func parse(_ bytes: [UInt8]) throws(ClientError) -> [FollowerNews] {
    var items: [EventStreamItem] = []
    do {
      try parser.receive(bytes.span) { items.append($0) }
    } catch {
      throw .notUnderstood(
        "an event is larger than \(limits.eventBytesMax) bytes, more than this client takes")
    }
    var news: [FollowerNews] = []
    for item in items {
      switch item {
      case .comment: break
      case .retry(let milliseconds): toldRetry = .milliseconds(milliseconds)
      case .cursor(let text):
        cursor = text
        news.append(.cursor(text))
      case .event(let type, let data, let id):
        if type.hasPrefix("fanfare.") {
          if let control = try self.control(type, data) { news.append(control) }
        } else {
          guard let event = ReceivedEvent(data, cursor: id) else { throw notEvent(type) }
          cursor = id
          news.append(.event(event))
        }
      }
    }
    return news
  }

  /// A control message; nil for one of a later version, which may be passed over.
  private func control(_ type: String, _ data: [UInt8]) throws(ClientError) -> FollowerNews? {
    switch type {
    case "fanfare.attached":
      guard let objects = JSONFields(data)?.objects("channels") else { throw notEvent(type) }
      let channels = objects.compactMap(AttachedChannel.init)
      guard channels.count == objects.count else { throw notEvent(type) }
      backoff.reset()
      return .attached(channels)
    case "fanfare.gap":
      guard let missed = JSONFields(data).flatMap(MissedEvents.init) else { throw notEvent(type) }
      return .gap(missed)
    case "fanfare.degraded": return .degraded
    case "fanfare.restored": return .restored
    case "fanfare.bye":
      let fields = JSONFields(data)
      if let retry = fields?.int("retry"), retry >= 0 { toldRetry = .milliseconds(retry) }
      return .bye(reason: fields?.string("reason") ?? "unknown")
    default: return nil
    }
  }

  private func notEvent(_ type: String) -> ClientError {
    .notUnderstood("\(url) sent a \(type) that is not one; is it a Fanfare server?")
  }
}
