/// A request that is not served: what to answer, what to count, and what the sender should mend.
///
/// The connection must be closed after the answer (RFC 9112 section 11.2 on request smuggling).
struct RequestRefusal: Error, Sendable, Equatable {
  /// The HTTP status to answer with.
  let status: Int

  /// The rule that was broken; its `label` goes to metrics.
  let reason: RefusalReason

  /// One sentence for the sender.
  let detail: String

  init(_ reason: RefusalReason) {
    self.status = reason.status
    self.reason = reason
    self.detail = reason.detail
  }
}
