/// How a client knows where a response's body ends (RFC 9112 section 6.3).
enum ResponseFraming: Sendable, Equatable {
  /// There is no body, whatever the fields say.
  case none
  /// The body has that many bytes.
  case length(Int)
  /// The body comes in chunks and says its own end.
  case chunked
  /// The body ends where the connection does.
  case untilClose

  init(
    status: Int, answering method: HTTPMethod, fields: FieldSection, minorVersion: Int
  ) throws(RefusalReason) {
    if method == .head || status < 200 || status == 204 || status == 304 {
      self = .none
      return
    }
    self =
      switch try BodyFraming.of(fields, minorVersion: minorVersion) {
      case .none: .untilClose
      case .length(let length): .length(length)
      case .chunked: .chunked
      }
  }
}
