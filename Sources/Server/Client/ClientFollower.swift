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
  private var reader: FollowerReader
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
    reader = .eventStream(Self.eventStream(url, after: nil, limits))
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
        reader = .webSocket(
          WebSocketNews(
            request.channels.map(\.text), after: cursor, eventBytesMax: limits.eventBytesMax,
            mask: UInt32.random(in: .min ... .max, using: &loop.random)))
        state = .following
        return nil
      case 200:
        guard let type = head.first("content-type"), type.lowercased().hasPrefix(Self.mediaType)
        else {
          throw .notUnderstood("\(url) answers without an event stream; is it a Fanfare server?")
        }
        reader = .eventStream(Self.eventStream(url, after: cursor, limits))
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

  private static func eventStream(
    _ url: ServerURL, after cursor: String?, _ limits: ClientLimits
  ) -> EventStreamNews {
    EventStreamNews(from: "\(url)", after: cursor, eventBytesMax: limits.eventBytesMax)
  }

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
      let news = try await heed(try reader.receive(bytes))
      return news.isEmpty ? nil : news
    } catch {
      return try await part(error)
    }
  }

  private func heed(_ signals: [FollowerSignal]) async throws(ClientError) -> [FollowerNews] {
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
}
