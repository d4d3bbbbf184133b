import FoundationEssentials

/// A JSON message of the server on a WebSocket: its text, and what stands in it.
package struct SocketMessage: Sendable {
  package let text: String
  private let body: Body

  private struct Body: Decodable {
    let op: String
    let id: ID?
    let channel: String?
    let verdict: String?
    let position: String?
    let type: String?
    let time: String?
    let replayed: Int?
    let from: String?
    let to: String?
    let missed: Int?
    let status: Int?
    let title: String?
    let detail: String?
    let reason: String?
    let retry: Int?
    let channels: [VerdictBody]?
  }

  /// A client's name for a message.
  package enum ID: Decodable, Sendable, Equatable, ExpressibleByIntegerLiteral {
    case number(Int)
    case text(String)

    package init(integerLiteral value: Int) { self = .number(value) }

    package init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let number = try? container.decode(Int.self) {
        self = .number(number)
      } else {
        self = .text(try container.decode(String.self))
      }
    }
  }

  package init(_ bytes: [UInt8]) throws {
    text = String(decoding: bytes, as: UTF8.self)
    do {
      body = try JSONDecoder().decode(Body.self, from: Data(bytes))
    } catch {
      throw ClientFailure.malformed("\(text.prefix(500)): \(error)")
    }
  }

  package var op: String { body.op }
  package var anyID: ID? { body.id }
  package var channel: String? { body.channel }
  package var verdict: String? { body.verdict }
  package var position: String? { body.position }
  package var type: String? { body.type }
  package var time: String? { body.time }
  package var replayed: Int? { body.replayed }
  package var from: String? { body.from }
  package var to: String? { body.to }
  package var missed: Int? { body.missed }
  package var status: Int? { body.status }
  package var title: String? { body.title }
  package var detail: String? { body.detail }
  package var reason: String? { body.reason }
  package var retry: Int? { body.retry }
  package var channels: [VerdictBody] { body.channels ?? [] }

  /// The `id` where it is a number.
  package var id: Int? {
    guard case .number(let number) = body.id else { return nil }
    return number
  }

  /// The text of an event's `data`, byte for byte. The members around it are in a fixed order.
  package var data: String {
    let start = text.components(of: #"","data":"#).dropFirst().joined(separator: #"","data":"#)
    return start.components(of: #","time":""#).dropLast().joined(separator: #","time":""#)
  }
}
