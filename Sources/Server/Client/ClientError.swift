import FanfareRuntime

/// Why a client got no answer, or not the one it asked for, in one line.
public enum ClientError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The URL of the server cannot be used.
  case badURL(String)
  /// The data of an event is not JSON. Nothing was sent.
  case badData(String)
  /// No connection came to be.
  case unreachable(String)
  /// The connection ended, or was silent for too long, before the answer was there.
  case lost(String)
  /// The server refused the request.
  case refused(Refusal)
  /// What answered does not speak as this version of Fanfare does.
  case notUnderstood(String)
  /// The client was closed.
  case closed

  /// Whether the same request may succeed a little later.
  public var mayPass: Bool {
    switch self {
    case .unreachable, .lost: true
    case .refused(let refusal): refusal.mayPass
    case .badURL, .badData, .notUnderstood, .closed: false
    }
  }

  /// The least time to wait before the next try, where the server told one.
  var retryAfter: Duration? {
    switch self {
    case .refused(let refusal): refusal.retryAfter
    case .badURL, .badData, .unreachable, .lost, .notUnderstood, .closed: nil
    }
  }

  /// The line.
  public var description: String {
    switch self {
    case .badURL(let why): "the server's URL cannot be used: \(why)"
    case .badData(let why): "the data is not JSON: \(why)"
    case .unreachable(let why): why
    case .lost(let why): "the connection was lost: \(why)"
    case .refused(let refusal): refusal.description
    case .notUnderstood(let why): why
    case .closed: "the client was closed"
    }
  }

  static func unreachable(_ url: ServerURL, code: Int32) -> ClientError {
    .unreachable("\(RuntimeError(operation: "cannot reach \(url)", code: -abs(code)))")
  }

  static func lost(code: Int32) -> ClientError {
    .lost("\(RuntimeError(operation: "socket", code: -abs(code)))")
  }
}
