import FanfareActors
import FanfareRuntime

/// Publishes to a server over HTTP, each batch at most once.
///
///     let group = try LoopGroup.start(count: 1)
///     let publisher = ClientPublisher(url, on: group.loops[0])
///     let position = try await publisher.publish(.agentStarted, #"{"agent":7}"#, to: channel)
///
/// What fails for a reason that may pass is sent again with the same `Idempotency-Key`, so nothing
/// is published twice. One call at a time: what follows keeps its order.
public actor ClientPublisher {
  /// The longest time for which a key can be relied on; the server keeps it for 2 minutes.
  private static let retryTimeMax = Duration.seconds(90)

  /// The loop.
  public nonisolated let unownedExecutor: UnownedSerialExecutor
  private let connection: ClientConnection
  private let pause: LoopPause
  private let retries: ClientRetries
  /// Names this publisher among all.
  private let name: String
  private var keys = 0

  /// A publisher that connects when it is first used.
  ///
  /// - Parameters:
  ///   - loop: the loop that does its work, of a group that runs.
  ///   - retrying: is told every failure after which it waits so long and tries again.
  public init(
    _ url: ServerURL, on loop: EventLoop, limits: ClientLimits = ClientLimits(),
    retrying: @escaping @Sendable (ClientError, Duration) -> Void = { _, _ in }
  ) {
    unownedExecutor = loop.asUnownedSerialExecutor()
    connection = ClientConnection(url, on: loop, limits)
    pause = LoopPause(loop)
    retries = ClientRetries(
      connection, on: loop, pause: pause, time: min(limits.retryTime, Self.retryTimeMax),
      retrying: retrying)
    name = (0..<2).map { _ in
      String(UInt64.random(in: .min ... .max), radix: 36)
    }.joined()
  }

  /// Publishes the lines of `batch`, each channel's in order, and returns their positions.
  ///
  /// - Throws: ``ClientError``. After a refusal none of the lines is published; after any other
  /// error all of them, some or none are.
  public func publish(_ batch: EventBatch) async throws(ClientError) -> [String] {
    guard !batch.lines.isEmpty else { return [] }
    let answer = try await send(
      ClientRequest(
        method: .post, target: "/events",
        fields: [HeaderField("Content-Type", "application/x-ndjson"), nextKey()],
        body: batch.body))
    guard let positions = answer.strings("positions"), positions.count == batch.lines.count else {
      throw Self.noPositions
    }
    return positions
  }

  /// Publishes one event and returns its position.
  ///
  /// - Parameter json: one JSON value, carried byte for byte.
  /// - Throws: ``ClientError``, as ``publish(_:)``.
  public func publish(
    _ type: EventType, _ json: [UInt8], to channel: ChannelName
  ) async throws(ClientError) -> String {
    // Checked here, so that the data cannot reach out of its place in the request.
    let value: Range<Int>
    do {
      value = try JSONScanner.value(in: json.span, range: 0..<json.count)
    } catch {
      throw .badData(error.description)
    }
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("type", type.text)
    writer.key("data")
    writer.raw(json[value])
    writer.endObject()
    let answer = try await send(
      ClientRequest(
        method: .post, target: "/channels/\(PercentCoding.encode(channel.text))/events",
        fields: [HeaderField("Content-Type", "application/json"), nextKey()],
        body: writer.bytes))
    guard let position = answer.string("position") else { throw Self.noPositions }
    return position
  }

  /// Ends the connection and a call that is under way, whose outcome is then not known.
  public func close() async {
    await pause.end()
    await connection.close()
  }

  private static let noPositions = ClientError.notUnderstood(
    "the answer to a publish holds no positions; is it a Fanfare server?")

  private func nextKey() -> HeaderField {
    keys += 1
    return HeaderField("Idempotency-Key", "\(name)-\(keys)")
  }

  private func send(_ request: ClientRequest) async throws(ClientError) -> JSONFields {
    let body = try await retries.ask(request, expecting: 200...201)
    guard let answer = JSONFields(body) else { throw Self.noPositions }
    return answer
  }
}
