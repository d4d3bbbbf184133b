import FanfareActors
import FanfareRuntime

/// Follows channels of a server by long poll: every request waits for what comes after the last
/// one's cursor. Nothing is tried again here: an error is thrown, and the next call asks anew.
public actor PollFollower {
  /// The loop.
  public nonisolated let unownedExecutor: UnownedSerialExecutor
  private let connection: ClientConnection
  private let exchange: PollExchange
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
    exchange = PollExchange(channels, wait: wait)
    self.cursor = cursor
  }

  /// What one request brought: the verdicts, the events, the cursor to keep.
  ///
  /// - Throws: ``ClientError``.
  public func next() async throws(ClientError) -> [FollowerNews] {
    let head = try await connection.ask(exchange.request(after: cursor))
    let (news, cursor) = try exchange.news(head, try await connection.body())
    self.cursor = cursor
    return news
  }

  /// Ends a request that is under way. For good.
  public func close() async {
    await connection.close()
  }
}
