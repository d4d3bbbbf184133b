import FanfareRuntime
import FanfareServer
import FanfareTestKit
import Testing

/// A node that is full says so in the client's own words.
@Suite struct ConnectionLimitTests {
  @Test func requestsAreTurnedAwayAndOperatorsAreNot() async throws {
    try await ServerUnderTest.run({ $0.limits.connectionsMax = 4 }) { server in
      let held = try (0..<4).map { _ in try server.stream("/channels/c/events") }
      for stream in held { _ = try stream.attached() }
      let publish = try server.connect().publish("/channels/c/events", "t", "1")
      #expect(publish.status == 503)
      #expect(publish["retry-after"] != nil)
      #expect(publish["connection"] == "close")
      #expect(try publish.problem.type.hasSuffix("not-published"))
      #expect(try server.ask("GET", "/channels/c/events?last=1").status == 503)
      for target in ["/metrics", "/healthz", "/readyz", "/connections"] {
        #expect(try server.ask("GET", target).status == 200, "\(target)")
      }
      #expect(try server.metrics().sum("fanfare_connections") >= 5)
      // A stream is told to come back: any status but 200 would end an EventSource for good.
      let refused = try server.stream("/channels/c/events")
      #expect(try refused.block().retry != nil)
      #expect(try refused.block().isComment)
      let retry = try refused.block().retry
      #expect((1_000...4_000).contains(retry ?? 0))
      let bye: ByeBody = try refused.block().json()
      #expect(bye.reason == "too-many-connections")
      #expect(try refused.next() == nil)
      // When one leaves, the next comes in.
      held[0].close()
      let isLetIn = try await Deadline().holds {
        try server.connect().publish("/channels/c/events", "t", "1").status == 201
      }
      #expect(isLetIn)
      let data = try held[1].events(1).map(\.data)
      #expect(data == ["1"])
    }
  }

  @Test func beyondTheMarginConnectionsAreClosedUnread() async throws {
    try await ServerUnderTest.run({ $0.limits.connectionsMax = 2 }) { server in
      let held = try (0..<258).map { _ in try server.connect() }
      let full = try await Deadline().holds {
        let page = try PrometheusPage(held[0].ask("GET", "/metrics").text)
        return page.sum("fanfare_connections") == 258
      }
      #expect(full)
      #expect(try server.connect().isClosedSilently())
      for client in held.dropFirst() { client.socket.close() }
      let recovered = await Deadline().holds {
        (try? server.ask("GET", "/readyz").status) == 200
      }
      #expect(recovered)
    }
  }

  @Test func channelsAreBounded() async throws {
    try await ServerUnderTest.run({
      $0.limits.channelsMax = 2
      $0.loops = .exactly(1)
    }) { server in
      let client = try server.connect()
      #expect(try client.publish("/channels/a/events", "t", "1").status == 201)
      #expect(try client.publish("/channels/b/events", "t", "1").status == 201)
      let refused = try client.publish("/channels/x/events", "t", "1")
      #expect(refused.status == 503)
      #expect(refused["retry-after"] != nil)
      #expect(try client.ask("GET", "/channels/x/events?last=1").status == 503)
      let stream = try server.stream("/channels/x/events")
      let bye: ByeBody = try stream.block { $0.event == "fanfare.bye" }.json()
      #expect(bye.reason == "too-many-channels")
      #expect(try stream.next() == nil)
      let lines = [
        #"{"channel":"x","type":"t","data":1}"#, #"{"channel":"a","type":"t","data":2}"#,
      ]
      let partly = try client.publish(lines: lines, "/events")
      #expect(partly.status == 503)
      let positions = try partly.problem.positions
      #expect(positions?.map { $0?.offset } == [nil, 2])
    }
  }

  @Test func aChannelThatWasRefusedCanBeFollowedWhenThereIsRoom() async throws {
    try await ServerUnderTest.run({
      $0.limits.channelsMax = 1
      $0.loops = .exactly(1)
    }) { server in
      let holder = try server.stream("/channels/a/events")
      _ = try holder.attached()
      holder.close()
      // The refused shard of `b` is still remembered when `b` is followed in earnest; letting go of
      // it must not let go of the new one.
      var follower: TestEventStream?
      let isFollowing = try await Deadline().holds {
        let stream = try server.stream("/channels/b/events")
        let block = try stream.block { $0.event != nil }
        if block.event == "fanfare.attached" { follower = stream }
        return follower != nil
      }
      #expect(isFollowing)
      let forgotten = try await Deadline(.milliseconds(3_500)).holds {
        try server.ask("GET", "/channels").text.contains(#""followers":0"#)
      }
      #expect(!forgotten)
      #expect(try server.connect().publish("/channels/b/events", "t", "1").status == 201)
      #expect(try follower?.events(1).map(\.data) == ["1"])
    }
  }
}
