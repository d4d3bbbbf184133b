import Foundation
import FanfareServer
import FanfareTestKit
import Testing

/// Real deliveries of a code host, on every transport byte for byte.
@Suite struct WebSocketDeliveriesTests {
  private static let file = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../../../shared/data/github-events.ndjson").standardizedFileURL

  private struct Delivery {
    let line: String
    let channel: String
    let data: String
  }

  private static func deliveries() throws -> [Delivery] {
    try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map { line in
      let line = String(line)
      let parts = line.components(of: #","data":"#)
      let data = parts.dropFirst().joined(separator: #","data":"#).dropLast()
      let channel = parts[0].components(of: #""channel":""#)[1].components(of: "\"")[0]
      return Delivery(line: line, channel: channel, data: String(data))
    }
  }

  @Test(
    .enabled(if: FileManager.default.fileExists(atPath: file.path)), arguments: [false, true])
  func arriveByteForByte(isCompressed: Bool) async throws {
    let deliveries = try Self.deliveries()
    #expect(deliveries.count == 40)
    let channels = Array(Set(deliveries.map(\.channel))).sorted().joined(separator: ",")
    try await ServerUnderTest.run({ $0.webSocketCompression = true }) { server in
      let offer = isCompressed ? ["Sec-WebSocket-Extensions: permessage-deflate"] : []
      let live = try server.webSocket("/ws?channels=\(channels)", offer)
      _ = try live.message()
      let stream = try server.stream("/events?channels=\(channels)")
      _ = try stream.attached()
      let publisher = try server.webSocket()
      for (number, delivery) in deliveries.enumerated() {
        // Half of them by message.
        if number % 2 == 0 {
          let message = #"{"op":"publish","id":\#(number),"# + delivery.line.dropFirst()
          #expect(try publisher.ask(message, id: number).op == "published")
        } else {
          let answer = try server.connect().publish(lines: [delivery.line], "/events")
          #expect(answer.status == 200)
        }
      }
      let late = try server.webSocket("/ws?channels=\(channels)&after=oldest", offer)
      _ = try late.message()
      let poll = try server.ask(
        "GET", "/events?channels=\(channels)&after=oldest", ["Accept: application/json"])
      let told: [[(channel: String, data: String)]] = [
        try live.events(40).map { ($0.channel ?? "", $0.data) },
        try late.events(40).map { ($0.channel ?? "", $0.data) },
        try stream.events(40).map { block in
          let parts = (block.data ?? "").components(of: #","data":"#)
          let data = parts.dropFirst().joined(separator: #","data":"#)
            .components(of: #","time":""#).dropLast().joined(separator: #","time":""#)
          return (try block.json(EventBody.self).channel, data)
        },
        zip(try poll.events.events, poll.eventData).map { ($0.channel, $1) },
      ]
      for (place, events) in told.enumerated() {
        for channel in Set(deliveries.map(\.channel)) {
          let sent = deliveries.filter { $0.channel == channel }.map(\.data)
          let seen = events.filter { $0.channel == channel }.map(\.data)
          #expect(seen == sent, "\(channel), follower \(place)")
        }
      }
      #expect(live.compactness == isCompressed && late.compactness == isCompressed)
    }
  }
}

extension TestWebSocket {
  fileprivate var compactness: Bool { compressedCount >= 40 }
}
