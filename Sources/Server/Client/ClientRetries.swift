import FanfareRuntime

/// Sends a request again after a failure that may pass, until its time is over. Confined to the
/// actor that owns it, on the loop of its connection.
final class ClientRetries {
  private let loop: EventLoop
  private let connection: ClientConnection
  private let pause: LoopPause
  private let time: Duration
  private let retrying: @Sendable (ClientError, Duration) -> Void

  /// - Parameters:
  ///   - pause: what it waits with; ending that ends its wait.
  ///   - time: no try begins later than so long after the first.
  ///   - retrying: is told every failure after which it waits so long and tries again.
  init(
    _ connection: ClientConnection, on loop: EventLoop, pause: LoopPause, time: Duration,
    retrying: @escaping @Sendable (ClientError, Duration) -> Void
  ) {
    self.loop = loop
    self.connection = connection
    self.pause = pause
    self.time = time
    self.retrying = retrying
  }

  /// The body of the answer to `request`.
  ///
  /// - Parameters:
  ///   - expected: the statuses that are no refusal.
  ///   - again: whether it may be sent more than once.
  func ask(
    _ request: ClientRequest, expecting expected: ClosedRange<Int>, again: Bool = true
  ) async throws(ClientError) -> [UInt8] {
    var backoff = Backoff()
    let deadline = loop.refreshNow() + time
    while true {
      do throws(ClientError) {
        let head = try await connection.ask(request)
        let body = try await connection.body()
        guard expected.contains(head.status) else { throw .refused(Refusal(head, body)) }
        return body
      } catch {
        let delay = backoff.next(told: error.retryAfter, &loop.random)
        guard again, error.mayPass, loop.refreshNow() + delay < deadline else { throw error }
        retrying(error, delay)
        await pause.wait(delay)
      }
    }
  }
}
