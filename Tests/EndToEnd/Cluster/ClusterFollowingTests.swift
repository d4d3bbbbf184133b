import FanfareRuntime
import FanfareServer
import FanfareTestKit
import Testing

/// One hub of several nodes: published on any, followed on any, resumed on another.
@Suite(.serialized) struct ClusterFollowingTests {
  private static let path = ClusterUnderTest.path

  @Test func whatIsPublishedOnOneIsFollowedOnAll() async throws {
    try await ClusterUnderTest.run(3) { cluster in
      let streams = try cluster.nodes.map { try $0.stream(Self.path) }
      let sockets = try cluster.nodes.map { try $0.webSocket("/ws?channels=c") }
      var positions: Set<String> = []
      for stream in streams { positions.insert(try stream.attached().channels[0].position) }
      for socket in sockets { positions.insert(try socket.message().channels[0].position) }
      #expect(positions.count == 1, "all stand at one position: \(positions)")
      let polls = try cluster.nodes.map { node in
        let poll = try node.connect()
        try poll.request(
          "GET", Self.path + "?after=\(positions.first ?? "")&wait=10",
          ["Accept: application/json"])
        return poll
      }
      try cluster.publish(1...30)
      var seen: Set<[String]> = []
      for stream in streams {
        let events = try stream.events(30)
        #expect(events.map(\.data) == ClusterUnderTest.texts(1...30))
        seen.insert(events.compactMap(\.id))
      }
      for socket in sockets {
        let events = try socket.events(30)
        #expect(events.map(\.data) == ClusterUnderTest.texts(1...30))
        seen.insert(events.compactMap(\.position))
      }
      #expect(seen.count == 1 && seen.first?.count == 30)
      for poll in polls { #expect(try poll.answer().events.events.first?.position.offset == 1) }
      let reads = try cluster.nodes.map { try $0.read(Self.path + "?after=oldest") }
      #expect(Set(reads.map(\.positions)) == seen && Set(reads.map(\.cursor)).count == 1)
    }
  }

  @Test func aCursorIsGoodOnEveryNode() async throws {
    try await ClusterUnderTest.run(3) { cluster in
      let nodes = cluster.nodes
      let stream = try nodes[0].stream(Self.path)
      _ = try stream.attached()
      try cluster.publish(1...3)
      #expect(try stream.events(3).map(\.data) == ClusterUnderTest.texts(1...3))
      let first = try #require(stream.cursor)
      stream.close()

      try cluster.publish(4...6)
      let answer = try nodes[1].ask(
        "GET", Self.path + "?after=\(first)&wait=5", ["Accept: application/json"])
      #expect(answer.eventData == ClusterUnderTest.texts(4...6))
      let told = try answer.events
      #expect(told.channels[0].verdict == "resumed")

      try cluster.publish(7...9)
      let socket = try nodes[2].webSocket()
      let verdict = try socket.ask(
        #"{"op":"subscribe","id":1,"channel":"c","after":"\#(told.cursor)"}"#, id: 1)
      #expect(verdict.verdict == "resumed" && verdict.replayed == 3)
      #expect(try socket.events(3).map(\.data) == ClusterUnderTest.texts(7...9))
    }
  }

  /// Verdicts do not depend on who is asked, also where the node has never heard of the channel.
  @Test func verdictsAreEqualOnEveryNode() async throws {
    let change: (inout Settings) -> Void = { $0.namespaceDefaults.historyEventsMax = 5 }
    try await ClusterUnderTest.run(2, change) { cluster in
      let start = try cluster.nodes[0].read(Self.path + "?after=oldest").cursor
      try cluster.publish(1...12)
      let all = try cluster.nodes[0].read(Self.path + "?after=oldest")
      #expect(all.positions.map(\.offset) == [8, 9, 10, 11, 12])
      let epoch = all.cursor.split(separator: ".")[1]
      let cursors = [
        "9.\(epoch)", "12.\(epoch)", start, "3.\(epoch)", "13.\(epoch)", "9.aaaaaaaaaaaa", "x",
      ]
      for cursor in cursors {
        var told: Set<String> = []
        for node in cluster.nodes {
          let stream = try node.stream(Self.path, ["Last-Event-ID: \(cursor)"])
          let verdict = try stream.attached().channels[0]
          let count = verdict.verdict == "resumed" ? (verdict.replayed ?? 0) : 5
          let ids = try stream.events(count).compactMap(\.id)
          told.insert("\(verdict) \(ids)")
          stream.close()
        }
        #expect(told.count == 1, "\(cursor): \(told)")
        let wanted =
          switch cursor {
          case cursors[0], cursors[1]: "resumed"
          case cursors[2], cursors[3]: "gap"
          default: "reset"
          }
        #expect(told.first?.contains(#""\#(wanted)""#) == true, "\(cursor): \(told)")
      }
    }
  }

  @Test func allSeeOneOrderWhoeverPublishes() async throws {
    try await ClusterUnderTest.run(3) { cluster in
      let streams = try cluster.nodes.map { try $0.stream(Self.path + "?format=event") }
      for stream in streams { _ = try stream.attached() }
      let publishers = try cluster.nodes.map { try $0.connect() }
      let rounds = 40
      for round in 0..<rounds {
        // All at once: the answers are read afterwards.
        for (index, publisher) in publishers.enumerated() {
          try publisher.request(
            "POST", Self.path, ["Content-Type: application/json"],
            body: #"{"type":"t","data":"\#(index)-\#(round)"}"#)
        }
        for publisher in publishers { #expect(try publisher.answer().status == 201) }
      }
      let count = rounds * publishers.count
      let seen = try streams.map { try $0.events(count).compactMap(\.data) }
      #expect(Set(seen).count == 1, "the same events, times and positions in the same order")
      let offsets = try streams[0].blocks.filter(\.isEvent).map {
        try $0.json(EventBody.self).position.offset
      }
      #expect(offsets == Array(1...count))
      for index in publishers.indices {
        let own = seen[0].filter { $0.contains("\"\(index)-") }
        #expect(own.count == rounds)
        for (round, text) in own.enumerated() {
          #expect(text.contains("\"\(index)-\(round)\""), "publishes of one keep their order")
        }
      }
    }
  }
}
