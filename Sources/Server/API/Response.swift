import FanfareActors

/// The answer to one request, but for what the connection adds.
struct Response: Sendable {
  var status: Int
  var fields: [HeaderField]
  var body: [UInt8]
  /// Whether the head says how long the body is; not that of a stream, which has no length.
  var hasLength = true
  /// What it hands to a worker, to be given back where the answer reaches nobody.
  var leases: [LeaseClaim] = []
  /// The kind of problem that this answer reports, for the metrics.
  var problem: String?

  init(status: Int, fields: [HeaderField] = [], body: [UInt8] = [], problem: String? = nil) {
    self.status = status
    self.fields = fields
    self.body = body
    self.problem = problem
  }

  static func json(_ status: Int, _ body: [UInt8]) -> Response {
    Response(
      status: status,
      fields: [
        HeaderField("Content-Type", "application/json"), HeaderField("Cache-Control", "no-store"),
      ], body: body)
  }

  static func text(
    _ status: Int, _ body: String, type: String = "text/plain; charset=utf-8"
  ) -> Response {
    Response(
      status: status,
      fields: [HeaderField("Content-Type", type), HeaderField("Cache-Control", "no-store")],
      body: Array(body.utf8))
  }
}
