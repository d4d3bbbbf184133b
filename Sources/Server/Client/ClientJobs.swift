import FanfareRuntime

/// Asks a server for jobs, and for what is to be done with them, over HTTP. One call at a time.
///
/// What only reads, and what carries an `Idempotency-Key`, is asked again after a failure that may
/// pass; all else fails at once, since nobody knows what the server has done. A refusal is an
/// error.
package actor ClientJobs {
  /// The bytes of an answer: a page of jobs with all their arguments and results.
  private static let answerBytesMax = 64 * 1024 * 1024

  package nonisolated let unownedExecutor: UnownedSerialExecutor
  private let connection: ClientConnection
  private let pause: LoopPause
  private let retries: ClientRetries

  /// A client that connects when it is first used.
  ///
  /// - Parameters:
  ///   - loop: the loop that does its work, of a group that runs.
  ///   - retrying: is told every failure after which it waits so long and tries again.
  package init(
    _ url: ServerURL, on loop: EventLoop, limits: ClientLimits = ClientLimits(),
    retrying: @escaping @Sendable (ClientError, Duration) -> Void = { _, _ in }
  ) {
    unownedExecutor = loop.asUnownedSerialExecutor()
    var limits = limits
    limits.answerBytesMax = Self.answerBytesMax
    connection = ClientConnection(url, on: loop, limits)
    pause = LoopPause(loop)
    retries = ClientRetries(
      connection, on: loop, pause: pause, time: limits.retryTime, retrying: retrying)
  }

  /// What `GET` of a path answers.
  ///
  /// - Parameters:
  ///   - path: its parts, not encoded.
  ///   - query: what is `nil` is left out.
  package func get(
    _ path: [String], _ query: [(name: String, value: String?)] = []
  ) async throws(ClientError) -> JSONFields {
    try Self.fields(try await read(path, query, accept: "application/json"))
  }

  /// The bytes that `GET` of a path answers.
  package func bytes(_ path: [String]) async throws(ClientError) -> [UInt8] {
    try await read(path, [], accept: "text/plain")
  }

  /// Sends an object.
  ///
  /// - Parameter key: makes a second time harmless; only what has one is tried again.
  package func post(
    _ path: [String], _ members: [(name: String, value: ClientValue)] = [], key: String? = nil
  ) async throws(ClientError) -> JSONFields {
    var writer = JSONWriter()
    try ClientValue.object(members).append(to: &writer)
    return try await post(path, body: writer.bytes, key: key)
  }

  /// Sends an object, or objects of which each has a line, as they are.
  ///
  /// - Parameter key: as of an object.
  package func post(
    _ path: [String], body: [UInt8], isLines: Bool = false, key: String? = nil
  ) async throws(ClientError) -> JSONFields {
    var fields = [
      HeaderField("Content-Type", isLines ? "application/x-ndjson" : "application/json"),
      HeaderField("Accept", "application/json"),
    ]
    if let key { fields.append(HeaderField("Idempotency-Key", key)) }
    let request = ClientRequest(
      method: .post, target: Self.target(path, []), fields: fields, body: body)
    return try Self.fields(try await ask(request, again: key != nil))
  }

  /// Deletes, which may be answered without a word.
  package func delete(
    _ path: [String], _ query: [(name: String, value: String?)] = []
  ) async throws(ClientError) -> JSONFields? {
    let request = ClientRequest(
      method: .delete, target: Self.target(path, query),
      fields: [HeaderField("Accept", "application/json")])
    let body = try await ask(request, again: false)
    return body.isEmpty ? nil : try Self.fields(body)
  }

  /// Ends the connection and a call that is under way, whose outcome is then not known.
  package func close() async {
    await pause.end()
    await connection.close()
  }

  /// Waits on the loop, or until ``close()``.
  package func wait(_ time: Duration) async {
    await pause.wait(time)
  }

  /// A key that nobody else has.
  package static func newKey() -> String {
    (0..<2).map { _ in String(UInt64.random(in: .min ... .max), radix: 36) }.joined()
  }

  // MARK: Asking

  private static let notJSON = ClientError.notUnderstood(
    "the answer is no JSON object; is it a Fanfare server?")

  private static func fields(_ body: [UInt8]) throws(ClientError) -> JSONFields {
    guard let fields = JSONFields(body) else { throw notJSON }
    return fields
  }

  private static func target(
    _ path: [String], _ query: [(name: String, value: String?)]
  ) -> String {
    let parameters = query.compactMap { name, value in
      value.map { "\(name)=\(PercentCoding.encode($0))" }
    }
    let path = path.map { "/" + PercentCoding.encode($0) }.joined()
    return parameters.isEmpty ? path : "\(path)?\(parameters.joined(separator: "&"))"
  }

  private func read(
    _ path: [String], _ query: [(name: String, value: String?)], accept: String
  ) async throws(ClientError) -> [UInt8] {
    try await ask(
      ClientRequest(
        method: .get, target: Self.target(path, query), fields: [HeaderField("Accept", accept)]),
      again: true)
  }

  private func ask(_ request: ClientRequest, again: Bool) async throws(ClientError) -> [UInt8] {
    try await retries.ask(request, expecting: 200...299, again: again)
  }
}
