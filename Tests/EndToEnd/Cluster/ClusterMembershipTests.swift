import FanfareRuntime
import FanfareServer
import FanfareTestKit
import Testing

/// Who is part of a cluster, and who cannot be.
@Suite(.serialized) struct ClusterMembershipTests {
  /// `GET /nodes`.
  private struct NodesBody: Decodable {
    struct Node: Decodable {
      let id: String
      let isSelf: Bool
      let address: String?
      let version: String?
      let connections: Int?
      let draining: Bool?

      private enum CodingKeys: String, CodingKey {
        case id, address, version, connections, draining
        case isSelf = "self"
      }
    }

    let nodes: [Node]
  }

  private static func nodes(_ server: ServerUnderTest) throws -> [NodesBody.Node] {
    try server.ask("GET", "/nodes").json(NodesBody.self).nodes
  }

  @Test func everyNodeKnowsTheOthers() async throws {
    try await ClusterUnderTest.run { cluster in
      let third = try await ClusterUnderTest.start(over: cluster.redis)
      let all = cluster.nodes + [third]
      let addresses = Set(all.compactMap { $0.server.address })
      for node in all {
        let knows = try await Deadline(.seconds(30)).holds {
          Set(try Self.nodes(node).compactMap(\.address)) == addresses
        }
        let known = try Self.nodes(node)
        #expect(knows, "\(known)")
        let own = known.filter(\.isSelf)
        #expect(own.map(\.address) == [node.server.address])
        #expect(own[0].draining == false && own[0].version != nil && own[0].connections ?? 0 >= 1)
      }
      // One leaves in good order.
      await third.stop()
      let rest = Set(cluster.nodes.compactMap { $0.server.address })
      for node in cluster.nodes {
        let forgets = try await Deadline().holds {
          Set(try Self.nodes(node).compactMap(\.address)) == rest
        }
        #expect(forgets)
      }
    }
  }

  /// One that is gone without a word is forgotten when its last sign of life has run out.
  @Test func aCrashedNodeIsForgotten() async throws {
    try await ClusterUnderTest.run(1) { cluster in
      let node = cluster.nodes[0]
      try cluster.redis.probe().run(
        "FCALL", "fanfare_beat", "2", "fanfare:hub", "fanfare:nodes", "crashed", "7000",
        #"{"address":"127.0.0.1:1","self":true}"#)
      func isListed() throws -> Bool {
        try Self.nodes(node).contains { $0.id == "crashed" && !$0.isSelf }
      }
      #expect(try await Deadline().holds { try isListed() })
      #expect(try await Deadline(.seconds(30)).holds { try !isListed() })
      #expect(try Self.nodes(node).count == 1)
    }
  }

  @Test func aNodeAloneListsItself() async throws {
    try await ServerUnderTest.run { server in
      let nodes = try Self.nodes(server)
      #expect(nodes.map(\.address) == [server.server.address] && nodes[0].isSelf)
    }
  }

  /// It is said once, however often it is tried again.
  @Test func aWrongPasswordIsOneLine() async throws {
    try await ServerUnderTest.onThread {
      let redis = try await RedisServer.start(password: "right")
      let node = try await ClusterUnderTest.start(over: redis) {
        $0.redis.url.password = "mistaken"
      }
      let isTried = try await Deadline().holds {
        try node.metrics()["fanfare_redis_connections_lost_total"] ?? 0 >= 6
      }
      #expect(isTried)
      let lines = node.log.lines.filter { $0.hasPrefix("error") || $0.hasPrefix("warning") }
      #expect(lines.count == 1, "\(lines)")
      #expect(lines.first?.contains("redis is away") == true)
      #expect(lines.first?.contains("wrong user or password") == true)
      #expect(!node.log.lines.contains { $0.contains("mistaken") || $0.contains("right") })
      #expect(try node.ask("GET", "/readyz").status == 503)
      #expect(try node.connect().publish(ClusterUnderTest.path, "t", "1").status == 503)
      // Nothing but the password was wrong.
      try redis.probe().run("CONFIG", "SET", "requirepass", "mistaken")
      let isReady = try await Deadline(.seconds(30)).holds {
        try node.ask("GET", "/readyz").status == 200
      }
      #expect(isReady)
      await node.stop()
    }
  }

  @Test func anotherModeIsRefused() async throws {
    try await ClusterUnderTest.run { cluster in
      let other = try await ClusterUnderTest.start(over: cluster.redis) {
        $0.redis.mode = .pubsub
      }
      let isSaid = await Deadline().holds {
        other.log.lines.contains { $0.contains("nodes that are alive use the mode streams") }
      }
      #expect(isSaid, "\(other.log.lines)")
      #expect(try other.ask("GET", "/readyz").status == 503)
      #expect(try cluster.nodes[0].ask("GET", "/readyz").status == 200)
      try cluster.publish(1...2)
      let areTwo = try await Deadline().holds { try Self.nodes(cluster.nodes[0]).count == 2 }
      #expect(areTwo)
      // It is taken once nobody stands in its way.
      for node in cluster.nodes { await node.stop() }
      let isReady = try await Deadline(.seconds(30)).holds {
        try other.ask("GET", "/readyz").status == 200
      }
      #expect(isReady, "\(other.log.lines)")
      await other.stop()
    }
  }
}
