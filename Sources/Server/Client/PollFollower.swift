import FanfareActors
import FanfareRuntime

/// Follows channels of a server by long poll: every request waits for what comes after the last
/// one's cursor. Nothing is tried again here: an error is thrown, and the next call asks anew.
public actor PollFollower {
  /// The loop.
  public nonisolated let unownedExecutor: UnownedSerialExecutor
  private let connection: ClientConnection
  private let names: String
  private let wait: Int
  /// What to resume after; nil while the server has handed out none.
  public private(set) var cursor: String?

  /// A follower that connects at the first ``next()``.
  ///
  /// - Parameters:
  ///   - wait: the seconds for which the server may hold a request that finds nothing.
  ///   - loop: the loop that does its work, of a group that runs.
  public init(
    _ url: ServerURL, _ channels: [ChannelName], after cursor: String? = nil, wait: Int = 10,
    on loop: EventLoop, limits: ClientLimits = ClientLimits()
  ) {
    unownedExecutor = loop.asUnownedSerialExecutor()
    connection = ClientConnection(url, on: loop, limits)
    names = channels.map { PercentCoding.encode($0.text) }.joined(separator: ",")
    self.wait = wait
    self.cursor = cursor
  }

  /// What one request brought: the verdicts, the events, the cursor to keep.
  ///
  /// - Throws: ``ClientError``.
  public func next() async throws(ClientError) -> [FollowerNews] {
    var target = "/events?channels=\(names)"
    // Without a cursor only the place to begin is wanted.
    if let cursor { target += "&wait=\(wait)&after=\(PercentCoding.encode(cursor))" }
    let head = try await connection.ask(
      ClientRequest(
        method: .get, target: target, fields: [HeaderField("Accept", "application/json")],
        body: []))
    let body = try await connection.body()
    guard head.status == 200 else { throw .refused(Refusal(head, body)) }
    guard let answer = JSONFields(body), let cursor = answer.string("cursor"),
      let verdicts = answer.objects("channels"), let events = answer.rawElements("events")
    else { throw .notUnderstood("the answer to a poll is not one; is it a Fanfare server?") }
    let attached = verdicts.compactMap(AttachedChannel.init)
    let received = events.compactMap { ReceivedEvent($0, cursor: "") }
    guard attached.count == verdicts.count, received.count == events.count else {
      throw .notUnderstood("a poll was answered with verdicts or events that are none")
    }
    self.cursor = cursor
    return [.attached(attached)] + received.map { .event($0) } + [.cursor(cursor)]
  }

  /// Ends a request that is under way. For good.
  public func close() async {
    await connection.close()
  }
}
