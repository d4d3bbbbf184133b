import FanfareActors
import FanfareRuntime
import Logging

/// What operators are told of one open connection, and what is counted and logged when it ends.
/// Loop-confined; the site holds it while the connection is open.
final class ConnectionRecord: SubscriberOwner {
  enum Kind: Int, CaseIterable {
    case http
    case sse

    var name: String {
      switch self {
      case .http: "http"
      case .sse: "sse"
      }
    }
  }

  let id: UInt64
  let peer: String
  let openedAt: MonotonicInstant
  private(set) var kind = Kind.http
  private(set) var channels: [ChannelName] = []
  private(set) var subscriber: Subscriber?
  /// The connection, while it speaks HTTP.
  weak var connection: Connection?
  var requests = 0
  var isReadingHead = false
  private unowned let site: LoopSite

  init(id: UInt64, peer: String, site: LoopSite) {
    self.id = id
    self.peer = peer
    self.site = site
    openedAt = site.loop.now
  }

  func becomesStream(_ subscriber: Subscriber, _ request: FollowRequest) {
    site.metrics.open[Kind.http.rawValue] -= 1
    site.metrics.open[Kind.sse.rawValue] += 1
    site.metrics.opened[Kind.sse.rawValue][request.isResuming ? 1 : 0] += 1
    kind = .sse
    channels = request.follows.map(\.channel)
    self.subscriber = subscriber
    connection = nil
  }

  func subscriberEnded(_ subscriber: Subscriber, _ reason: EndReason) {
    self.subscriber = nil
    site.log(.info, "connection ended") {
      [
        "id": "\(id)", "transport": "\(kind.name)", "peer": "\(peer)",
        "reason": "\(reason.rawValue)", "seconds": "\(seconds)",
        "channels": "\(channels.count)", "delivered": "\(subscriber.delivered)",
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
    site.metrics.open[kind.rawValue] -= 1
    site.metrics.seconds.observe(seconds)
    site.forget(self)
  }
}
