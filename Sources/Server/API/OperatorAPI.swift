import FanfareActors
import FanfareRuntime
import Synchronization

/// What operators and their machines ask: health, metrics, what is open.
struct OperatorAPI: Sendable {
  /// The most entries of one page.
  private static let pageMax = 1_000

  let node: NodeView

  func answer(
    _ endpoint: Endpoint, _ target: RequestTarget, on loop: EventLoop
  ) async -> Response {
    do throws(Problem) {
      switch endpoint {
      case .health: return .text(200, "ok\n")
      case .readiness:
        guard !node.isDraining else {
          throw Problem(
            503, "draining", "This node is stopping; send traffic elsewhere.",
            retryAfterSeconds: 5)
        }
        guard node.hub.health == .proven else {
          throw Problem(
            503, "backplane-unproven",
            "What is published does not come back from the backplane; send traffic elsewhere.",
            retryAfterSeconds: 5)
        }
        if let fault = node.jobs?.feed.fault {
          throw Problem(
            503, "jobs-not-accepted", "No job can be stored: \(fault).", retryAfterSeconds: 5)
        }
        return .text(200, "ready\n")
      case .metrics:
        return .text(
          200, await node.metrics(on: loop).text(), type: PrometheusText.contentType)
      case .channels: return try await channels(try Query(target))
      case .connections: return try await connections(try Query(target))
      case .nodes: return await nodes()
      case .channelEvents, .events, .webSocket, .updates, .echo, .page, .jobs:
        preconditionFailure("an operator's question about \(endpoint)")
      }
    } catch {
      return error.response
    }
  }

  /// `GET /nodes`: those that are alive, by their names.
  private func nodes() async -> Response {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("nodes")
    writer.beginArray()
    for record in await node.nodes() {
      // What others say of themselves is checked like any input.
      let json = record.description
      let members = try? JSONObjectReader.members(of: json.span, in: 0..<json.count)
      writer.beginObject()
      writer.member("id", record.id)
      writer.key("self")
      writer.bool(record.id == node.identity.id)
      for member in members ?? [] where member.key != "id" && member.key != "self" {
        writer.key(member.key)
        writer.raw(json[member.value])
      }
      writer.endObject()
    }
    writer.endArray()
    writer.endObject()
    return .json(200, writer.bytes)
  }

  /// `GET /channels?after=NAME&limit=N`: in the order of the names.
  private func channels(_ query: Query) async throws(Problem) -> Response {
    let limit = try query.number("limit", in: 1...Self.pageMax) ?? 100
    var channels = await node.hub.channels()
    if let after = query["after"] { channels.removeAll { $0.channel.text <= after } }
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("channels")
    writer.beginArray()
    for channel in channels.prefix(limit) {
      writer.beginObject()
      writer.member("channel", channel.channel.text)
      writer.member("namespace", channel.namespace)
      if let head = channel.head { writer.member("position", head.description) }
      writer.member("history", channel.historyEvents)
      writer.member("history_bytes", channel.historyBytes)
      writer.member("depth", channel.depth)
      writer.member("followers", channel.followers)
      writer.member("lag_max", Int(clamping: channel.lagMax))
      writer.member("dropped", Int(clamping: channel.dropped))
      writer.endObject()
    }
    writer.endArray()
    if channels.count > limit { writer.member("next", channels[limit - 1].channel.text) }
    writer.endObject()
    return .json(200, writer.bytes)
  }

  /// `GET /connections?after=ID&limit=N`: in the order in which they were opened.
  private func connections(_ query: Query) async throws(Problem) -> Response {
    let limit = try query.number("limit", in: 1...Self.pageMax) ?? 100
    let after = try query.number("after", in: 0...Int.max) ?? 0
    let connections = await node.connections(after: UInt64(after), limit: limit + 1)
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("connections")
    writer.beginArray()
    for connection in connections.prefix(limit) {
      writer.beginObject()
      writer.member("id", Int(clamping: connection.id))
      writer.member("transport", connection.transport)
      writer.member("peer", connection.peer)
      writer.member("seconds", Int(connection.seconds))
      writer.key("channels")
      writer.beginArray()
      for channel in connection.channels { writer.string(channel) }
      writer.endArray()
      writer.member("delivered", Int(clamping: connection.delivered))
      writer.member("dropped", Int(clamping: connection.dropped))
      writer.member("lag", Int(clamping: connection.lag))
      writer.endObject()
    }
    writer.endArray()
    if connections.count > limit {
      writer.member("next", Int(clamping: connections[limit - 1].id))
    }
    writer.endObject()
    return .json(200, writer.bytes)
  }
}
