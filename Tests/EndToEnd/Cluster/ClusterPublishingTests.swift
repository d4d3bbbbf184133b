import FanfareRuntime
import FanfareServer
import FanfareTestKit
import Testing

/// A publish that is made again on another node.
@Suite(.serialized) struct ClusterPublishingTests {
  private static let path = ClusterUnderTest.path
  private static let key = ["Idempotency-Key: k-1"]

  @Test func aKeyIsKnownOnEveryNode() async throws {
    try await ClusterUnderTest.run { cluster in
      var positions: Set<String> = []
      for node in cluster.nodes + cluster.nodes {
        let answer = try node.connect().publish(Self.path, "t", "1", Self.key)
        #expect(answer.status == 201)
        positions.insert(try answer.json(PublishedBody.self).position ?? "")
      }
      #expect(positions.count == 1 && positions.first?.offset == 1)
      let other = try cluster.nodes[1].connect().publish(Self.path, "t", "2", Self.key)
      #expect(other.status == 422)
      for (id, node) in cluster.nodes.enumerated() {
        let socket = try node.webSocket()
        let told = try socket.ask(
          #"{"op":"publish","id":\#(id),"channel":"c","type":"t","data":3,"key":"k-2"}"#, id: id)
        #expect(told.position?.offset == 2)
      }
      #expect(try cluster.nodes[0].read(Self.path + "?after=oldest").positions.count == 2)
    }
  }

  /// It is stored in slices, each with a key of its own.
  @Test func aBatchIsCompletedOnAnotherNode() async throws {
    let change: (inout Settings) -> Void = { $0.namespaceDefaults.historyEventsMax = 5_000 }
    try await ClusterUnderTest.run(2, change) { cluster in
      let stream = try cluster.nodes[1].stream(Self.path)
      _ = try stream.attached()
      let lines = (1...1_000).map { #"{"type":"t","data":\#($0)}"# }
      let first = try cluster.nodes[0].connect()
      try first.request(
        "POST", Self.path, ["Content-Type: application/x-ndjson"] + Self.key,
        body: lines.joined(separator: "\n"))
      // Some are stored when the connection is given up, or all are.
      #expect(try stream.events(1).count == 1)
      first.socket.close()
      var seen: Set<[String?]> = []
      for node in cluster.nodes.reversed() {
        let answer = try node.connect().publish(lines: lines, Self.path, Self.key)
        #expect(answer.status == 200, "\(answer.text.prefix(300))")
        seen.insert(try answer.json(PublishedBody.self).positions ?? [])
      }
      #expect(seen.count == 1)
      #expect(seen.first?.map { $0?.offset } == (1...1_000).map { $0 })
      #expect(try stream.events(999).map(\.data) == ClusterUnderTest.texts(2...1_000))
      #expect(
        try cluster.nodes[0].read(Self.path + "?after=oldest&limit=1000").positions.count == 1_000)
    }
  }
}
