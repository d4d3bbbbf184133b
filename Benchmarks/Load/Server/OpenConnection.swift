import Foundation

/// One entry of `GET /connections`.
struct OpenConnection: Decodable {
  struct Page: Decodable {
    let connections: [OpenConnection]
    let next: Int?
  }

  let peer: String
  let delivered: Int
  let dropped: Int
  let lag: Int

  /// The connection from the address `host`; `nil` when the server has none.
  static func first(from host: String, _ client: HTTPClient) async throws -> OpenConnection? {
    var after = 0
    while true {
      guard let answer = await client.get("/connections?limit=1000&after=\(after)") else {
        return nil
      }
      let page = try JSONDecoder().decode(Page.self, from: Data(answer.body.utf8))
      if let found = page.connections.first(where: { $0.peer.hasPrefix("\(host):") }) {
        return found
      }
      guard let next = page.next else { return nil }
      after = next
    }
  }
}
