/// Why a call of ``FanfareServer`` could not be carried out, in one line.
public enum ServerError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The system gave no thread, or the settings name an impossible origin or host.
  case cannotStart(String)
  /// The address is taken, or not this machine's.
  case cannotListen(String)
  /// What keeps jobs cannot be opened.
  case cannotKeepJobs(String)
  /// There is no such queue, or another does the task there.
  case cannotHandle(String)
  /// A server starts once; make another one.
  case startedTwice
  /// The server is not started, or has been stopped.
  case notRunning
  /// The events were refused, and nothing was stored.
  case notPublished(String)
  /// The backplane did not say whether the events are stored, or only some are. The same publish
  /// with the same key completes it.
  case outcomeUnknown(String)
  /// The channels, types or cursor cannot be followed.
  case badFollow(String)

  /// The line.
  public var description: String {
    switch self {
    case .cannotStart(let why): "cannot start: \(why)"
    case .cannotListen(let why): "cannot listen: \(why); choose another address with --listen"
    case .cannotKeepJobs(let why): "cannot keep jobs: \(why)"
    case .cannotHandle(let why): "no handler for \(why)"
    case .startedTwice: "a server starts once; make a new one"
    case .notRunning: "the server is not running"
    case .notPublished(let why): "not published: \(why)"
    case .outcomeUnknown(let why): "published or not: \(why)"
    case .badFollow(let why): "cannot follow: \(why)"
    }
  }
}
