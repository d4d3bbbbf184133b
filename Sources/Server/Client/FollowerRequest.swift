import FanfareActors

/// What a follower asks a server for.
public struct FollowerRequest: Sendable {
  /// The channels, each once: their order is that of the positions in a cursor.
  public var channels: [ChannelName]
  /// Where to begin while there is no cursor.
  public var start: FollowStart
  /// The cursor of an earlier follower of the same channels. It wins over ``start``, and if the
  /// server cannot make anything of it, that is told as a `reset`.
  public var cursor: String?
  /// The types wanted, `agent_*,issue_created`; all where there is none.
  public var types: String?

  /// How to reach the server.
  public var transport = FollowerTransport.eventStream

  /// A request for `channels` from now on.
  public init(_ channels: [ChannelName], from start: FollowStart = .live) {
    self.channels = channels
    self.start = start
  }

  /// The request on the wire.
  ///
  /// - Parameters:
  ///   - cursor: what has been followed since.
  ///   - key: a WebSocket's.
  func request(after cursor: String?, key: String) -> ClientRequest {
    let names = channels.map { PercentCoding.encode($0.text) }.joined(separator: ",")
    var target: String
    var fields: [HeaderField]
    switch transport {
    case .eventStream:
      target = "/events?channels=\(names)&format=event"
      fields = [
        HeaderField("Accept", "text/event-stream"), HeaderField("Cache-Control", "no-cache"),
      ]
    case .webSocket:
      target = "/ws?channels=\(names)&format=event"
      fields = [
        HeaderField("Upgrade", "websocket"), HeaderField("Connection", "Upgrade"),
        HeaderField("Sec-WebSocket-Version", "13"), HeaderField("Sec-WebSocket-Key", key),
        HeaderField("Sec-WebSocket-Protocol", WebSocketHandshake.subprotocol),
      ]
    }
    if let types { target += "&types=\(PercentCoding.encode(types))" }
    if let cursor {
      fields.append(HeaderField("Last-Event-ID", cursor))
    } else {
      switch start {
      case .live: break
      case .oldest: target += "&after=oldest"
      case .last(let count): target += "&last=\(count)"
      case .after(let cursor): target += "&after=\(PercentCoding.encode(cursor))"
      }
    }
    return ClientRequest(
      method: .get, target: target, fields: fields, upgrades: transport == .webSocket)
  }
}
