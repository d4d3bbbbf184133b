import Foundation
import FanfareRuntime
import FanfareServer
import FanfareTestKit
import Testing

/// Where the recorded deliveries lie.
private enum Recording {
  static let file = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "shared/data/github-events.ndjson")
}

/// Webhook deliveries as a code host sends them: through the whole server, byte for byte.
@Suite(
  .enabled(
    if: FileManager.default.fileExists(atPath: Recording.file.path),
    "the recorded deliveries lie beside the package, in shared/data/github-events.ndjson"))
struct RealDeliveriesTests {
  private struct Delivery {
    let channel: String
    let type: String
    /// The text of `data`, exactly as it stands on the line.
    let data: String

    /// What a stream makes of it: line ends arrive as LF.
    var streamed: String {
      data.components(of: "\r\n").joined(separator: "\n").components(of: "\r")
        .joined(separator: "\n")
    }

    init(_ line: String) throws {
      let parts = line.components(of: "\"")
      let head = parts.prefix(9).joined(separator: "\"") + "\""
      guard parts.count > 9, parts[1] == "channel", parts[5] == "type", parts[9] == "data",
        line.hasSuffix("}")
      else { throw ClientFailure.malformed(line) }
      channel = parts[3]
      type = parts[7]
      data = String(line.dropFirst((head + "data\":").count).dropLast())
    }
  }

  private static func lines() throws -> [String] {
    let text = try String(contentsOf: Recording.file, encoding: .utf8)
    return text.components(of: "\n").filter { !$0.isEmpty }
  }

  private static func grouped(_ deliveries: [Delivery]) -> [String: [Delivery]] {
    Dictionary(grouping: deliveries, by: \.channel)
  }

  @Test func aFileIsPublishedAtOnceAndReadBackEveryWay() async throws {
    try await ServerUnderTest.run { server in
      let lines = try Self.lines()
      let deliveries = try lines.map(Delivery.init)
      let all = Self.grouped(deliveries)
      let names = all.keys.sorted()
      #expect(deliveries.count >= 20 && names.count >= 2)
      // One follower is there before, the others come after.
      let busiest = try #require(names.max { all[$0]?.count ?? 0 < all[$1]?.count ?? 0 })
      let early = try server.stream("/channels/\(busiest)/events?format=data")
      _ = try early.attached()
      let answer = try server.connect().publish(lines: lines, "/events")
      #expect(answer.status == 200, "\(answer.text)")
      let positions = try answer.json(PublishedBody.self).positions
      #expect(positions?.count == lines.count)

      let live = try early.events(all[busiest]?.count ?? 0)
      #expect(live.map(\.data) == all[busiest]?.map(\.streamed))
      #expect(live.map(\.event) == all[busiest]?.map(\.type))
      for name in names {
        let stream = try server.stream("/channels/\(name)/events?format=data&after=oldest")
        _ = try stream.attached()
        let events = try stream.events(all[name]?.count ?? 0)
        #expect(events.map(\.data) == all[name]?.map(\.streamed))
        let project = try server.ask(
          "GET", "/projects/\(name.dropFirst("project:".count))/events?after=oldest")
        #expect(project.eventData == all[name]?.map(\.data))
        #expect(try project.events.events.map(\.type) == all[name]?.map(\.type))
        #expect(events.map(\.id) == (try project.events.positions))
      }
    }
  }

  @Test func severalChannelsOnOneStreamAndInOneAnswer() async throws {
    try await ServerUnderTest.run { server in
      let lines = try Self.lines()
      let all = Self.grouped(try lines.map(Delivery.init))
      let names = all.keys.sorted()
      let target = "/events?channels=\(names.joined(separator: ","))"
      let live = try server.stream(target + "&format=event")
      _ = try live.attached()
      #expect(try server.connect().publish(lines: lines, "/events").status == 200)
      let replay = try server.stream(target + "&format=event&after=oldest")
      _ = try replay.attached()
      for stream in [live, replay] {
        var seen: [String: [String]] = [:]
        for event in try stream.events(lines.count) {
          let body: EventBody = try event.json()
          #expect(body.type == event.event)
          let head =
            #"{"channel":"\#(body.channel)","position":"\#(body.position)","type":"\#(body.type)","#
            + #""data":"#
          let tail = #","time":"\#(body.time)"}"#
          let whole = event.data ?? ""
          #expect(whole.hasPrefix(head) && whole.hasSuffix(tail))
          seen[body.channel, default: []].append(
            String(whole.dropFirst(head.count).dropLast(tail.count)))
        }
        #expect(seen == all.mapValues { $0.map(\.streamed) })
      }
      var seen: [String: [String]] = [:]
      var after = "oldest"
      for _ in 0...(lines.count / 9 + 1) {
        let answer = try server.ask("GET", target + "&after=\(after)&limit=9")
        let body = try answer.events
        for (event, data) in zip(body.events, answer.eventData) {
          seen[event.channel, default: []].append(data)
        }
        after = body.cursor
      }
      #expect(seen == all.mapValues { $0.map(\.data) })
    }
  }
}
