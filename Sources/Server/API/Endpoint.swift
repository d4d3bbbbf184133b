import FanfareActors
import FanfarePages

/// What a path names (CONTRACT section 2).
enum Endpoint: Sendable, Equatable {
  /// The events of the channel that the path names.
  case channelEvents(ChannelName)
  /// The events of the channels that the query or the body names.
  case events
  /// Events and operations over WebSocket.
  case webSocket
  /// The data of the workflow's events over WebSocket.
  case updates(ChannelName)
  /// A WebSocket that sends back what it is sent.
  case echo
  case channels
  case connections
  case nodes
  case metrics
  case health
  case readiness
  case page(PageFile)
  case jobs(JobsEndpoint)

  /// The endpoint at `target`; 404 where there is none, 400 where it names an impossible channel.
  init(_ target: RequestTarget) throws(Problem) {
    let parts = target.segments
    switch (parts.count, parts.first) {
    case (1, "events"): self = .events
    case (1, "channels"): self = .channels
    case (1, "connections"): self = .connections
    case (1, "nodes"): self = .nodes
    case (1, "ws"): self = .webSocket
    case (2, "ws") where parts[1] == "echo": self = .echo
    case (4, "api") where parts[1] == "workflows" && parts[3] == "updates":
      self = .updates(try Self.channel("workflow:" + parts[2]))
    case (1, "metrics"): self = .metrics
    case (1, "healthz"): self = .health
    case (1, "readyz"): self = .readiness
    case (3, "channels") where parts[2] == "events":
      self = .channelEvents(try Self.channel(parts[1]))
    case (3, "projects") where parts[2] == "events":
      self = .channelEvents(try Self.channel("project:" + parts[1]))
    case (3, "workflows") where parts[2] == "events":
      self = .channelEvents(try Self.channel("workflow:" + parts[1]))
    case (0, _): self = .page(.page)
    default:
      if let endpoint = try JobsEndpoint(parts) {
        self = .jobs(endpoint)
        return
      }
      guard parts.count == 1, let file = PageFile(rawValue: parts[0]) else {
        throw .notFound
      }
      self = .page(file)
    }
  }

  var allowedMethods: [HTTPMethod] {
    switch self {
    case .jobs(let endpoint): endpoint.allowedMethods
    case .channelEvents, .events: [.get, .head, .post, .options]
    case .webSocket, .updates, .echo: [.get, .options]
    case .channels, .connections, .nodes, .metrics, .health, .readiness, .page:
      [.get, .head, .options]
    }
  }

  var allow: HeaderField {
    HeaderField("Allow", allowedMethods.map(\.rawValue).joined(separator: ", "))
  }

  private static func channel(_ text: String) throws(Problem) -> ChannelName {
    guard let name = ChannelName(text) else {
      throw Problem(400, "bad-channel", "Mend the channel's name: \(ChannelName.rule).")
    }
    return name
  }
}
