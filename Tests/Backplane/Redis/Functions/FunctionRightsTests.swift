import FanfareActors
import FanfareRuntime
import FanfareTestKit
import Testing

@testable import FanfareBackplane

/// The ACL rules of Documentation/redis.md suffice, and what is missing is told before anything is
/// stored.
@Suite struct FunctionRightsTests {
  private let functions = RedisFunctions(keys: RedisKeys())

  /// As documented for a node, without `>password`.
  static let node = [
    "~fanfare:*", "&fanfare:*", "+@connection", "+fcall", "+function|load", "+subscribe",
    "+unsubscribe", "+publish", "+info", "+config|get", "+time", "+hmget", "+hset", "+hgetall",
    "+hdel", "+get", "+set", "+xadd", "+xrange", "+xrevrange", "+xlen", "+xtrim", "+unlink",
    "+pexpire",
  ]

  /// As documented for a publisher.
  static let publisher = [
    "~fanfare:*", "&fanfare:*", "+fcall", "+publish", "+time", "+hmget", "+hset", "+get", "+set",
    "+xadd", "+xrange", "+xtrim", "+unlink", "+pexpire",
  ]

  private func login(_ server: RedisServer, _ name: String, _ rules: [String]) throws
    -> RedisProbe
  {
    let words = ["ACL", "SETUSER", name, "reset", "on", ">pass"] + rules
    let reply = try server.probe().run(words.map { Array($0.utf8) })
    #expect(reply.isOK, "\(reply)")
    let probe = try RedisProbe(port: server.port)
    #expect(try probe.run("AUTH", name, "pass").isOK)
    return probe
  }

  @Test func theDocumentedRightsSuffice() async throws {
    let server = try await RedisServer.start()
    let candidate = try #require(Generation("gen00"))
    let channel = try #require(ChannelName("project:42"))
    let settings = LogSettings(
      historyEventsMax: 2, ttl: .milliseconds(1), metaTTL: .seconds(60), firehoseEventsMax: 10)
    let join = functions.join(
      candidate: candidate, run: "r", isDurable: false, mode: .streams, defaults: settings)
    let probe = try login(server, "node", Self.node)
    try RedisFunctions.loaded(probe.run(functions.load()))
    let generation = try RedisFunctions.joined(probe.run(join)).generation
    let drafts = (0..<5).map { Draft(type: .agentError, data: Array("\($0)".utf8)) }
    for round in 0..<5 {
      let key = PublishKey(name: [UInt8(round)], fingerprint: 1)
      let reply = try probe.run(
        functions.publish(drafts, to: channel, key: key, in: generation))
      _ = try RedisFunctions.published(reply, count: 5, in: channel)
      let page = try probe.run(
        functions.read(channel, from: 1, eventsMax: 10, bytesMax: 1_000, in: generation))
      #expect(page.elements.count == 2)
    }
    #expect(
      try probe.run(functions.beat(id: "a", ttl: .zero, description: [])) == .array([]))
    #expect(try probe.run("SUBSCRIBE", "fanfare:feed:a").elements.count == 3)

    let words = ["FCALL", "fanfare_publish", "2", "fanfare:hub", "fanfare:log:a", "", "k", ""]
    let other = try login(server, "publisher", Self.publisher)
    let reply = try other.run((words + ["t", "1"]).map { Array($0.utf8) })
    #expect(reply.elements.count == 5, "\(reply)")
  }

  @Test func aMissingRightIsToldAtJoining() async throws {
    let server = try await RedisServer.start()
    let admin = try server.probe()
    try RedisFunctions.loaded(admin.run(functions.load()))
    let candidate = try #require(Generation("gen00"))
    let settings = LogSettings(historyEventsMax: 1, ttl: .seconds(1), metaTTL: .seconds(1))
    let join = functions.join(
      candidate: candidate, run: "r", isDurable: false, mode: .streams, defaults: settings)
    for rule in ["-xtrim", "-publish", "resetchannels", "-subscribe", "-pexpire", "-hdel"] {
      let probe = try login(server, "node", Self.node + [rule])
      let reply = try probe.run(join)
      #expect(reply.text?.hasPrefix("NOPERM ") == true, "\(rule): \(reply)")
    }
    let without = try login(server, "node", Self.node + ["resetkeys", "~fanfare:hub"])
    #expect(try without.run(join).text?.hasPrefix("NOPERM ") == true)
    #expect(try admin.run("DBSIZE") == .integer(0))

    // A publisher that may store but not tell stores nothing.
    _ = try admin.run(join)
    let publisher = try login(server, "publisher", Self.publisher + ["resetchannels"])
    let words = ["FCALL", "fanfare_publish", "2", "fanfare:hub", "fanfare:log:a", "", "", ""]
    let reply = try publisher.run((words + ["t", "1"]).map { Array($0.utf8) })
    #expect(reply.text?.hasPrefix("NOPERM ") == true, "\(reply)")
    #expect(try admin.run("EXISTS", "fanfare:log:a", "fanfare:meta:a") == .integer(0))
  }
}
