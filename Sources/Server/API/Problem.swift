/// A refusal as clients see it: `application/problem+json` (RFC 9457).
struct Problem: Error, Sendable, Equatable {
  /// The last part of `type`: what kind of refusal, for programs.
  let kind: String
  let status: Int
  let title: String
  /// One sentence that says what to mend.
  let detail: String
  /// When to come back, for refusals that pass.
  var retryAfterSeconds: Int?
  /// The fields of the answer that belong to the refusal (`Allow`).
  var fields: [HeaderField] = []
  /// Members beside the standard ones, as JSON.
  var extra: [(key: String, json: [UInt8])] = []

  init(
    _ status: Int, _ kind: String, _ detail: String, retryAfterSeconds: Int? = nil,
    fields: [HeaderField] = []
  ) {
    self.kind = kind
    self.status = status
    self.title = ReasonPhrase.of(status)
    self.detail = detail
    self.retryAfterSeconds = retryAfterSeconds
    self.fields = fields
  }

  static func == (left: Problem, right: Problem) -> Bool {
    left.kind == right.kind && left.status == right.status && left.detail == right.detail
  }

  var response: Response {
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("type", "/problems/\(kind)")
    writer.member("title", title)
    writer.member("status", status)
    writer.member("detail", detail)
    for (key, json) in extra {
      writer.key(key)
      writer.raw(json)
    }
    writer.endObject()
    var fields = fields
    if let retryAfterSeconds { fields.append(HeaderField("Retry-After", "\(retryAfterSeconds)")) }
    fields.append(HeaderField("Content-Type", "application/problem+json"))
    return Response(status: status, fields: fields, body: writer.bytes, problem: kind)
  }
}

extension Problem {
  init(_ refusal: RequestRefusal) {
    self.init(refusal.status, refusal.reason.label, refusal.detail)
  }

  static func malformedQuery(_ detail: String) -> Problem { Problem(400, "bad-query", detail) }

  static let tooManyConnections = Problem(
    503, "too-many-connections-not-published",
    "This node holds as many connections as it may (limits.connections); try again.",
    retryAfterSeconds: 5)

  static let notFound = Problem(
    404, "not-found",
    "Nothing is served at this path; events are at /channels/{channel}/events and /events.")
}
