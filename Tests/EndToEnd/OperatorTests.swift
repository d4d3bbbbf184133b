import FanfareActors
import FanfareRuntime
import FanfareServer
import FanfareTestKit
import Testing

/// What operators and their machines see.
@Suite struct OperatorTests {
  /// Every metric of CONTRACT section 9 that a node alone has, with its type and labels.
  private static let metrics: [(name: String, type: String, labels: Set<String>)] = [
    ("fanfare_connections", "gauge", ["transport"]), ("fanfare_connections_peak", "gauge", []),
    ("fanfare_connections_opened_total", "counter", ["transport", "resumed"]),
    ("fanfare_connection_seconds", "histogram", []), ("fanfare_channels", "gauge", []),
    ("fanfare_mailbox_depth", "histogram", []),
    ("fanfare_events_published_total", "counter", ["namespace"]),
    ("fanfare_deliveries_total", "counter", ["transport"]),
    ("fanfare_events_dropped_total", "counter", ["namespace", "reason"]),
    ("fanfare_events_missed_on_attach_total", "counter", ["namespace"]),
    ("fanfare_gaps_told_total", "counter", ["namespace"]),
    ("fanfare_attachments_total", "counter", ["verdict"]),
    ("fanfare_followers_behind", "gauge", []), ("fanfare_lag_events", "histogram", []),
    ("fanfare_fanout_seconds", "histogram", []),
    ("fanfare_evictions_total", "counter", ["reason"]),
    ("fanfare_errors_total", "counter", ["protocol", "reason"]),
    ("fanfare_backplane_up", "gauge", []), ("fanfare_backplane_lag_seconds", "gauge", []),
    ("fanfare_loop_busy_ratio", "gauge", ["loop"]),
    ("process_cpu_seconds_total", "counter", []), ("process_start_time_seconds", "gauge", []),
    ("process_resident_memory_bytes", "gauge", []),
    ("process_virtual_memory_bytes", "gauge", []), ("process_open_fds", "gauge", []),
    ("process_max_fds", "gauge", []),
  ]

  @Test func everyMetricIsThereWithItsTypeAndLabels() async throws {
    try await ServerUnderTest.run { server in
      #expect(try server.ask("GET", "/nowhere").status == 404)
      let answer = try server.ask("GET", "/metrics")
      #expect(answer["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
      let page = try PrometheusPage(answer.text)
      #expect(page.types.count == Self.metrics.count, "\(page.types.keys.sorted())")
      for (name, type, labels) in Self.metrics {
        #expect(page.types[name] == type, "\(name)")
        let own = type == "histogram" ? ["\(name)_sum", "\(name)_count"] : [name]
        for name in own {
          let sets = page.labels(of: name)
          #expect(!sets.isEmpty, "\(name)")
          #expect(sets.allSatisfy { $0 == labels }, "\(name): \(sets)")
        }
      }
      for key in ["process_open_fds", "process_resident_memory_bytes", "fanfare_backplane_up"] {
        #expect(page[key] ?? 0 > 0, "\(key)")
      }
      for loop in 0...1 {
        let ratio = try #require(page["fanfare_loop_busy_ratio{loop=\"\(loop)\"}"])
        #expect((0...1).contains(ratio))
      }
      let reasons = EndReason.allCases.filter(\.isEviction).map(\.rawValue)
      for reason in reasons {
        #expect(page["fanfare_evictions_total{reason=\"\(reason)\"}"] == 0)
      }
    }
  }

  @Test func valuesMoveWithWhatHappens() async throws {
    try await ServerUnderTest.run({ $0.namespaces = ["project": NamespaceSettings()] }) { server in
      let client = try server.connect()
      for number in 1...3 { _ = try client.publish("/projects/1/events", "t", "\(number)") }
      for number in 1...2 { _ = try client.publish("/channels/c/events", "t", "\(number)") }
      let live = try server.stream("/channels/c/events")
      _ = try live.attached()
      let cursor = try server.read("/projects/1/events?after=oldest&limit=1").cursor
      let resumed = try server.stream("/projects/1/events", ["Last-Event-ID: \(cursor)"])
      _ = try resumed.attached()
      _ = try resumed.events(2)
      _ = try client.publish("/channels/c/events", "t", "3")
      _ = try live.events(1)
      #expect(try server.ask("GET", "/channels/a%20b/events").status == 400)

      let page = try server.metrics()
      for (key, value) in [
        (#"fanfare_events_published_total{namespace="project"}"#, 3),
        (#"fanfare_events_published_total{namespace="other"}"#, 3),
        (#"fanfare_deliveries_total{transport="sse"}"#, 3),
        (#"fanfare_deliveries_total{transport="poll"}"#, 1),
        (#"fanfare_deliveries_total{transport="in-process"}"#, 0),
        (#"fanfare_attachments_total{verdict="live"}"#, 1),
        (#"fanfare_attachments_total{verdict="resumed"}"#, 2),
        (#"fanfare_attachments_total{verdict="gap"}"#, 0),
        (#"fanfare_attachments_total{verdict="reset"}"#, 0),
        (#"fanfare_connections{transport="sse"}"#, 2),
        (#"fanfare_connections_opened_total{transport="sse",resumed="true"}"#, 1),
        (#"fanfare_connections_opened_total{transport="sse",resumed="false"}"#, 1),
        ("fanfare_channels", 2), ("fanfare_followers_behind", 0),
        ("fanfare_lag_events_count", 0), ("fanfare_mailbox_depth_count", 1),
        (#"fanfare_mailbox_depth_bucket{le="0.0"}"#, 0),
        (#"fanfare_mailbox_depth_bucket{le="1.0"}"#, 1), ("fanfare_fanout_seconds_count", 1),
      ] as [(String, Double)] {
        #expect(page[key] == value, "\(key) is \(page[key] ?? -1)")
      }
      #expect(page.sum("fanfare_errors_total") == 1, "\(page.samples.keys.sorted())")
      #expect(page["fanfare_connections_peak"] ?? 0 >= 3)
      let time = try #require(page["fanfare_fanout_seconds_sum"])
      #expect(time > 0 && time < 15)

      let before = page["fanfare_connection_seconds_count"] ?? -1
      live.close()
      resumed.close()
      client.socket.close()
      #expect(try await server.isIdle())
      let after = try server.metrics()
      #expect(after["fanfare_connection_seconds_count"] ?? 0 >= before + 3)
      #expect(after[#"fanfare_connections{transport="sse"}"#] == 0)
      #expect(after.sum("fanfare_evictions_total") == 0)
    }
  }

  @Test func channelsAreListedInPages() async throws {
    try await ServerUnderTest.run({ $0.namespaces = ["project": NamespaceSettings()] }) { server in
      let client = try server.connect()
      for name in ["b", "project:9", "a", "c:1", "z"] {
        for number in 1...3 { _ = try client.publish("/channels/\(name)/events", "t", "\(number)") }
      }
      let followers = try (0..<3).map { _ in try server.stream("/events?channels=a,z") }
      for follower in followers { _ = try follower.attached() }
      _ = try client.publish("/channels/a/events", "t", "44")
      for follower in followers { _ = try follower.events(1) }
      let all: ChannelsBody = try server.ask("GET", "/channels").json()
      #expect(all.channels.map(\.channel) == ["a", "b", "c:1", "project:9", "z"])
      #expect(all.next == nil)
      #expect(all.channels.map(\.namespace) == ["other", "other", "other", "project", "other"])
      #expect(all.channels.map(\.history) == [4, 3, 3, 3, 3])
      #expect(all.channels.map(\.followers) == [3, 0, 0, 0, 3])
      #expect(all.channels.map(\.depth) == [1, 0, 0, 0, 0])
      #expect(all.channels.allSatisfy { $0.lagMax == 0 && $0.dropped == 0 })
      // What an event counts with beside its data is the same for all.
      let overhead = all.channels[1].historyBytes / 3 - 1
      #expect(overhead > 0)
      #expect(all.channels[0].historyBytes == 4 * overhead + 5)
      var pages: [ChannelBody] = []
      var after = ""
      for size in [2, 2, 1] {
        let page: ChannelsBody = try client.ask("GET", "/channels?limit=2&after=\(after)").json()
        #expect(page.channels.count == size)
        #expect(page.next == (size == 2 ? page.channels.last?.channel : nil))
        pages += page.channels
        after = page.next ?? ""
      }
      #expect(pages == all.channels)
      for query in ["limit=0", "limit=1001", "limit=x", "limit=1&limit=2"] {
        #expect(try client.ask("GET", "/channels?\(query)").status == 400, "\(query)")
      }
    }
  }

  @Test func connectionsAreListedInPages() async throws {
    try await ServerUnderTest.run { server in
      let idle = try server.connect()
      #expect(try idle.ask("GET", "/healthz").status == 200)
      let first = try server.stream("/events?channels=b,a")
      _ = try first.attached()
      let second = try server.stream("/channels/a/events")
      _ = try second.attached()
      for number in 1...3 { _ = try idle.publish("/channels/a/events", "t", "\(number)") }
      _ = try first.events(3)
      _ = try second.events(3)
      let all: ConnectionsBody = try idle.ask("GET", "/connections").json()
      #expect(all.connections.map(\.transport) == ["http", "sse", "sse"])
      #expect(all.connections.map(\.channels) == [[], ["b", "a"], ["a"]])
      #expect(all.connections.map(\.delivered) == [0, 3, 3])
      #expect(all.connections.allSatisfy { $0.lag == 0 && $0.dropped == 0 })
      #expect(all.connections.allSatisfy { (0..<60).contains($0.seconds) })
      #expect(all.connections.allSatisfy { $0.peer.hasPrefix("127.0.0.1:") })
      #expect(Set(all.connections.map(\.peer)).count == 3)
      #expect(all.next == nil)
      let ids = all.connections.map(\.id)
      #expect(ids == ids.sorted() && Set(ids).count == 3)
      var after = 0
      for (index, id) in ids.enumerated() {
        let page: ConnectionsBody =
          try idle.ask("GET", "/connections?limit=1&after=\(after)").json()
        #expect(page.connections.map(\.id) == [id])
        #expect(page.next == (index < 2 ? id : nil))
        after = id
      }
      let none: ConnectionsBody = try idle.ask("GET", "/connections?after=\(after)").json()
      #expect(none.connections.isEmpty)
      for query in ["limit=0", "limit=1001", "after=-1", "after=x"] {
        #expect(try idle.ask("GET", "/connections?\(query)").status == 400, "\(query)")
      }
    }
  }

  @Test func healthAndReadinessAreWords() async throws {
    try await ServerUnderTest.run { server in
      let client = try server.connect()
      for (target, word) in [("/healthz", "ok\n"), ("/readyz", "ready\n")] {
        let answer = try client.ask("GET", target)
        #expect(answer.status == 200 && answer.text == word)
        #expect(answer["content-type"]?.hasPrefix("text/plain") == true)
      }
    }
  }

  @Test func onlyLookingIsAllowed() async throws {
    try await ServerUnderTest.run { server in
      let client = try server.connect()
      for target in ["/metrics", "/channels", "/connections", "/nodes", "/healthz", "/readyz"] {
        let head = try client.ask("HEAD", target)
        let get = try client.ask("GET", target)
        #expect(head.status == 200 && get.status == 200)
        #expect(head["content-type"] == get["content-type"], "\(target)")
        #expect(Int(head["content-length"] ?? "") ?? 0 > 0, "\(target)")
        for method in ["POST", "PUT", "DELETE", "PATCH", "BREW"] {
          let refused = try client.ask(method, target)
          #expect(refused.status == 405, "\(method) \(target)")
          #expect(refused["allow"] == "GET, HEAD, OPTIONS")
          #expect(try refused.problem.type.hasSuffix("method-not-allowed"))
        }
        let options = try client.ask("OPTIONS", target)
        #expect(options.status == 204 && options["allow"] == "GET, HEAD, OPTIONS")
      }
    }
  }
}
