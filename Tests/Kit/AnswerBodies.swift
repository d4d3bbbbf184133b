import FoundationEssentials

/// `{"position"}` and `{"positions"}` of a publish.
package struct PublishedBody: Decodable, Sendable {
  package let position: String?
  package let positions: [String?]?
}

/// A problem (RFC 9457).
package struct ProblemBody: Decodable, Sendable {
  package let type: String
  package let title: String
  package let status: Int
  package let detail: String
  package let positions: [String?]?
}

/// What a follower is told of one channel, at attachment and in a gap.
package struct VerdictBody: Decodable, Sendable {
  package let channel: String
  package let verdict: String?
  package let position: String
  package let replayed: Int?
  package let from: String?
  package let to: String?
  package let missed: Int?
}

/// `{"channels"}` of `fanfare.attached`.
package struct AttachedBody: Decodable, Sendable {
  package let channels: [VerdictBody]
}

/// `fanfare.bye`.
package struct ByeBody: Decodable, Sendable {
  package let reason: String
  package let retry: Int?
}

/// The members of an event but `data`, which is compared as bytes.
package struct EventBody: Decodable, Sendable {
  package let channel: String
  package let position: String
  package let type: String
  package let time: String
}

/// The answer to a read or a long poll.
package struct EventsBody: Decodable, Sendable {
  package let events: [EventBody]
  package let cursor: String
  package let channels: [VerdictBody]

  package var positions: [String] { events.map(\.position) }
}

/// One connection of `GET /connections`.
package struct ConnectionBody: Decodable, Sendable {
  package let id: Int
  package let transport: String
  package let peer: String
  package let seconds: Int
  package let channels: [String]
  package let delivered: Int
  package let dropped: Int
  package let lag: Int
}

/// `GET /connections`.
package struct ConnectionsBody: Decodable, Sendable {
  package let connections: [ConnectionBody]
  package let next: Int?
}

/// One channel of `GET /channels`.
package struct ChannelBody: Decodable, Sendable, Equatable {
  package let channel: String
  package let namespace: String
  package let history: Int
  package let historyBytes: Int
  package let depth: Int
  package let followers: Int
  package let lagMax: Int
  package let dropped: Int

  private enum CodingKeys: String, CodingKey {
    case channel, namespace, history, depth, followers, dropped
    case historyBytes = "history_bytes"
    case lagMax = "lag_max"
  }
}

/// `GET /channels`.
package struct ChannelsBody: Decodable, Sendable {
  package let channels: [ChannelBody]
  package let next: String?
}

extension HTTPAnswer {
  package func json<Body: Decodable>(_ type: Body.Type = Body.self) throws -> Body {
    do {
      return try JSONDecoder().decode(type, from: Data(body))
    } catch {
      throw ClientFailure.malformed("\(status) \(text.prefix(500)): \(error)")
    }
  }

  package var events: EventsBody { get throws { try json() } }
  package var problem: ProblemBody { get throws { try json() } }

  /// The texts of `data` of the events, byte for byte. The members around them are in a fixed
  /// order.
  package var eventData: [String] {
    text.components(of: #"","data":"#).dropFirst().map { part in
      part.components(of: #","time":""#)[0]
    }
  }
}

extension String {
  /// The offset of a position: what stands before its dot.
  package var offset: Int? { split(separator: ".").first.flatMap { Int($0) } }
}
