import FanfareActors
import FanfareRuntime

/// A request about jobs, its body perhaps still to come.
struct JobsRequest: Sendable {
  let endpoint: JobsEndpoint
  let method: HTTPMethod
  let target: RequestTarget
  /// Whether the body is one JSON object a line.
  var isNDJSON = false
  /// The client's name for what it asks for.
  var key: String?
  var body: [UInt8] = []

  /// Judges a request by its head.
  init(_ head: RequestHead, _ endpoint: JobsEndpoint, _ limits: Limits) throws(Problem) {
    self.endpoint = endpoint
    method = head.method
    target = head.target
    guard readsBody else { return }
    try head.checkBodyLength(limits)
    isNDJSON = try Self.isNDJSON(head, endpoint)
    if endpoint.takesKey { key = try head.idempotencyKey(limits) }
  }

  var readsBody: Bool { method == .post }

  private static func isNDJSON(
    _ head: RequestHead, _ endpoint: JobsEndpoint
  ) throws(Problem) -> Bool {
    let type = ContentType(of: head)
    if case .jobLog = endpoint {
      guard let type, ["text/plain", "application/octet-stream"].contains(type.essence) else {
        throw Problem(
          415, "unsupported-media-type", "Send the log's text with Content-Type: text/plain.")
      }
      return false
    }
    // A form of a foreign page always names a type.
    if endpoint.bodyIsOptional, head.hasNoBody, !head.contains("content-type") { return false }
    if case .enqueue = endpoint, let type, type.isNDJSON { return true }
    guard let type, type.isJSON else {
      var lines = ""
      if case .enqueue = endpoint { lines = ", or application/x-ndjson for one job a line" }
      throw Problem(
        415, "unsupported-media-type", "Send Content-Type: application/json\(lines).")
    }
    return false
  }
}

extension RequestHead {
  fileprivate var hasNoBody: Bool {
    switch framing {
    case .none, .length(0): true
    case .length, .chunked: false
    }
  }

  /// Refuses a body that says itself that it is too large.
  func checkBodyLength(_ limits: Limits) throws(Problem) {
    if case .length(let length) = framing, length > limits.publishBodyBytesMax {
      throw Problem(
        413, "body-too-large",
        "Send at most \(limits.publishBodyBytesMax) bytes in one request; split the rest.")
    }
  }

  /// The one `Idempotency-Key`, if there is one.
  func idempotencyKey(_ limits: Limits) throws(Problem) -> String? {
    let keys = values("idempotency-key")
    guard keys.count <= 1,
      keys.allSatisfy({ (1...limits.idempotencyKeyBytesMax).contains($0.utf8.count) })
    else {
      throw Problem(
        400, "bad-key",
        "Send one Idempotency-Key of 1 to \(limits.idempotencyKeyBytesMax) bytes.")
    }
    return keys.first
  }
}
