import FanfareRuntime

/// Asks a server about jobs over one connection, one request at a time, for a verification: each
/// request is made once, as its bytes say, and a refusal is an answer like any other. What is made
/// again, and what an answer proves, is for the witnesses to say.
///
/// Whoever only wants something done asks through ``ClientJobs``.
package actor VerifyClient {
  /// What a server says to a request.
  enum Answer: Sendable {
    case done(JSONFields)
    case refused(Refusal)
  }

  /// The loop.
  package nonisolated let unownedExecutor: UnownedSerialExecutor
  private let url: ServerURL
  private let connection: ClientConnection

  /// A client that connects at its first request.
  package init(_ url: ServerURL, on loop: EventLoop, limits: ClientLimits = ClientLimits()) {
    self.url = url
    unownedExecutor = loop.asUnownedSerialExecutor()
    connection = ClientConnection(url, on: loop, limits)
  }

  /// The answer to a GET.
  ///
  /// - Throws: ``ClientError``, also where the server is not well; any other refusal is an answer.
  func get(_ target: String) async throws(ClientError) -> Answer {
    let accept = HeaderField("Accept", "application/json")
    return try await ask(ClientRequest(method: .get, target: target, fields: [accept]))
  }

  /// The answer to a POST of one JSON object, or of lines of them.
  ///
  /// - Parameter key: makes the same request harmless when it is made again.
  /// - Throws: as ``get(_:)``.
  func post(
    _ target: String, _ body: [UInt8], isLines: Bool = false, key: String? = nil
  ) async throws(ClientError) -> Answer {
    let type = isLines ? "application/x-ndjson" : "application/json"
    var fields = [HeaderField("Content-Type", type)]
    if let key { fields.append(HeaderField("Idempotency-Key", key)) }
    return try await ask(
      ClientRequest(method: .post, target: target, fields: fields, body: body))
  }

  /// Whether the server is there, and has jobs.
  package var answersAboutJobs: Bool {
    get async {
      guard let answer = try? await get("/queues"), case .done = answer else { return false }
      return true
    }
  }

  /// How long a lease of `queue` lasts.
  package func lease(of queue: String) async throws(ClientError) -> Duration {
    switch try await get("/queues/\(queue)") {
    case .refused(let refusal): throw .refused(refusal)
    case .done(let fields):
      let limits = fields.raw("limits").flatMap { JSONFields($0) }
      guard let text = limits?.raw("lease_seconds"),
        let seconds = Double(String(decoding: text, as: UTF8.self))
      else { throw .notUnderstood("\(url) does not tell the lease of \(queue)") }
      return .milliseconds(Int64(seconds * 1_000))
    }
  }

  /// Ends the connection and a request that is under way, whose outcome is then not known. For
  /// good.
  package func close() async {
    await connection.close()
  }

  private func ask(_ request: ClientRequest) async throws(ClientError) -> Answer {
    let head = try await connection.ask(request)
    let body = try await connection.body()
    guard (200...299).contains(head.status) else {
      let refusal = Refusal(head, body)
      guard !refusal.mayPass else { throw .refused(refusal) }
      return .refused(refusal)
    }
    guard let fields = JSONFields(body) else {
      throw .notUnderstood("\(url) answers \(request.target) without JSON")
    }
    return .done(fields)
  }
}
