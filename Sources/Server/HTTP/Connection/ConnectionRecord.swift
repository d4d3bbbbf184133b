import FanfareActors
import FanfareRuntime
import Logging

/// What operators are told of one open connection, and what is counted and logged when it ends.
/// Loop-confined; the site holds it while the connection is open.
final class ConnectionRecord: SubscriberOwner {
  enum Kind: Int, CaseIterable {
    case http
    case sse
    case webSocket

    var name: String {
      switch self {
      case .http: "http"
      case .sse: "sse"
      case .webSocket: "websocket"
      }
    }
  }

  let id: UInt64
  let peer: String
  let openedAt: MonotonicInstant
  private(set) var kind = Kind.http
  var isReadingHead = false
  /// Its place in the site's table.
  var slot: UInt32 = 0
  var requests: UInt32 = 0
  private(set) var subscriber: Subscriber?
  /// The connection, while it speaks HTTP.
  weak var connection: Connection?
  private(set) weak var echo: WebSocketEcho?
  /// What ends a stream that follows a job.
  var watch: JobWatch?
  /// Held: a publish under way may outlive the node, and counts its refusal here. The site lets go
  /// of the record when the connection has ended.
  let site: LoopSite

  init(id: UInt64, peer: String, site: LoopSite) {
    self.id = id
    self.peer = peer
    self.site = site
    openedAt = site.loop.now
  }

  func becomes(_ kind: Kind, _ subscriber: Subscriber, isResuming: Bool) {
    becomes(kind, isResuming: isResuming)
    self.subscriber = subscriber
  }

  func becomes(_ kind: Kind, _ echo: WebSocketEcho) {
    becomes(kind, isResuming: false)
    self.echo = echo
  }

  private func becomes(_ kind: Kind, isResuming: Bool) {
    site.metrics.open[self.kind.rawValue] -= 1
    site.metrics.open[kind.rawValue] += 1
    site.metrics.opened[kind.rawValue][isResuming ? 1 : 0] += 1
    self.kind = kind
    connection = nil
  }

  /// Closes a connection on which nothing is under way. Returns whether that was so.
  func closesIfIdle() -> Bool {
    guard subscriber == nil, echo == nil, let connection else { return false }
    return connection.assumeIsolated { $0.closesIfIdle() }
  }

  /// The server stops: the client is told, or its answer is the last.
  func drain(retry: Duration) {
    subscriber?.leave(.shutdown, retry: retry)
    echo?.leave(1012, "shutdown", .serverStopped)
    connection?.assumeIsolated { $0.endWait() }
  }

  /// The channels followed now.
  var channels: [ChannelName] { subscriber?.channels ?? [] }

  func subscriberEnded(_ subscriber: Subscriber, _ reason: EndReason) {
    self.subscriber = nil
    site.log(.info, "connection ended") {
      [
        "id": "\(id)", "transport": "\(kind.name)", "peer": "\(peer)",
        "reason": "\(reason.rawValue)", "seconds": "\(seconds)",
        "channels": "\(subscriber.channels.count)", "delivered": "\(subscriber.deliveredCount)",
        "dropped": "\(subscriber.dropped)",
      ]
    }
    if reason == .socketError { site.metrics.errors[kind.name, reason.rawValue] += 1 }
    leave()
  }

  /// A client of an event stream only listens: what it sends is read so that its end is noticed.
  func subscriberHasInput(_ subscriber: Subscriber) {
    subscriber.stream.consume(subscriber.stream.inputCount)
  }

  func subscriberIsDrained(_ subscriber: Subscriber) {}

  func subscriber(
    _ subscriber: Subscriber, isRefused channel: ChannelName, id: [UInt8], _ reason: EndReason
  ) {}

  func ended(_ reason: ConnectionEnd) {
    // Short requests are the rule; what ended otherwise is worth a line.
    let level: Logger.Level
    switch reason {
    case .done, .idle, .clientClosed, .serverStopped: level = .debug
    case .socketError, .refused, .stalled: level = .info
    }
    site.log(level, "connection ended") {
      [
        "id": "\(id)", "transport": "\(kind.name)", "peer": "\(peer)",
        "reason": "\(reason.rawValue)", "seconds": "\(seconds)", "requests": "\(requests)",
      ]
    }
    switch reason {
    case .socketError, .stalled: site.metrics.errors[kind.name, reason.rawValue] += 1
    case .done, .idle, .clientClosed, .refused, .serverStopped: break
    }
    leave()
  }

  private var seconds: Double { (site.loop.now - openedAt).inSeconds }

  private func leave() {
    watch?.ends()
    watch = nil
    site.metrics.open[kind.rawValue] -= 1
    site.metrics.seconds.observe(seconds)
    site.forget(self)
  }
}
